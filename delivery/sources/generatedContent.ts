import { uniformInt } from "pure-rand/distribution/uniformInt";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import type { AmplitudeEvent, Properties } from "./amplitudeEvent";
import { Encoded, type JsonMember, type JsonWriter } from "./json";
import { JsonTemplate } from "./jsonTemplate";
import { EVENT_TYPES, pick, TEXTS } from "./sampleValues";

/** What an event says, as against who did it, where and when. */
export type Content = Record<
  "event_type" | "data" | "event_properties" | "group_properties" | "groups" | "user_properties",
  JsonWriter
>;

/** Objects that are alike but for the values of some members. */
class Kind {
  readonly template: JsonTemplate;

  /** @param changing in the order of the sample. */
  constructor(
    readonly sample: Properties,
    readonly changing: readonly string[],
  ) {
    this.template = new JsonTemplate(sample, changing);
  }
}

/** One of a kind. */
class Filled implements JsonWriter {
  /** @param values of the members that change, in their order. */
  constructor(
    private readonly kind: Kind,
    private readonly values: readonly JsonMember[],
  ) {}

  write(memory: Buffer, at: number): number {
    return this.kind.template.write(memory, at, this.values);
  }

  toJSON(): object {
    const { sample, changing } = this.kind;
    return { ...sample, ...Object.fromEntries(changing.map((name, index) => [name, this.values[index]])) };
  }
}

const GROUP_TYPE = "[Segment] Group";
const ACCOUNTS = 97;

/** An event's group, in the three members that speak of it. */
type OfGroup = Pick<Content, "data" | "group_properties" | "groups">;

const NOTHING = new Encoded({});
const NO_GROUP: OfGroup = { data: data({}), group_properties: NOTHING, groups: NOTHING };
const GROUPS: readonly OfGroup[] = Array.from({ length: ACCOUNTS }, (_, account) => ({
  data: data({ "3124": [account] }),
  group_properties: new Encoded({ [GROUP_TYPE]: { [`account-${account}`]: {} } }),
  groups: new Encoded({ [GROUP_TYPE]: [`account-${account}`] }),
}));

const TYPES = EVENT_TYPES.map((type) => new Encoded(type));
const IDENTIFY = new Encoded("$identify");
const GROUP_IDENTIFY = new Encoded("$groupidentify");

export function contentOf(random: RandomGenerator, eventNumber: number, user: number): Content {
  if (eventNumber % 25 === 7) return identify(random, user);
  if (eventNumber % 25 === 19) return groupIdentify(random, user);
  const event_type = pick(TYPES, uniformInt(random, 0, TYPES.length - 1));
  const { data, group_properties, groups } = user % 5 === 0 ? pick(GROUPS, user) : NO_GROUP;
  return {
    event_type,
    data,
    event_properties: eventNumber % 6 === 5 ? NOTHING : purchase(random),
    group_properties,
    groups,
    user_properties: user % 6 === 5 ? NOTHING : profile(random, user),
  };
}

function identify(random: RandomGenerator, user: number): Content {
  return {
    ...NO_GROUP,
    event_type: IDENTIFY,
    event_properties: NOTHING,
    user_properties: new Encoded({ $set: profile(random, user) }),
  };
}

function groupIdentify(random: RandomGenerator, user: number): Content {
  return {
    ...pick(GROUPS, user),
    event_type: GROUP_IDENTIFY,
    event_properties: NOTHING,
    group_properties: new Encoded({
      $set: { plan: "enterprise", seats: uniformInt(random, 1, 500), 業種: null },
    }),
    user_properties: NOTHING,
  };
}

function data(groupIds: Properties): Encoded<AmplitudeEvent["data"]> {
  return new Encoded({
    path: "/2/httpapi",
    user_properties_updated: true,
    group_first_event: {},
    group_ids: groupIds,
  });
}

/** On most events. */
const PURCHASES = TEXTS.map(
  (title) =>
    new Kind(
      { title, price: 0, quantity: 0, returning: false, coupon: null, tags: ["sale", "new"], order: 0 },
      ["price", "quantity", "returning", "order"],
    ),
);

function purchase(random: RandomGenerator): JsonWriter {
  const draw = uniformInt(random, 0, 999_999);
  const [price, quantity, returning, order] = [draw / 100, draw % 7, draw % 2 === 0, 3_000_000_000 + draw];
  return new Filled(pick(PURCHASES, draw), [price, quantity, returning, order]);
}

/** On most events. */
const PROFILES = TEXTS.map(
  (nickname) =>
    new Kind({ referring_domain: "www.example.com", nickname, score: 0, utm_source: null }, ["score"]),
);

function profile(random: RandomGenerator, user: number): JsonWriter {
  const score = user / 8;
  return new Filled(pick(PROFILES, uniformInt(random, 0, TEXTS.length - 1)), [score]);
}
