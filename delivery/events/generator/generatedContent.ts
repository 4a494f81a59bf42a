import { uniformInt } from "pure-rand/distribution/uniformInt";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import type { AmplitudeEvent, Properties } from "../event";
import { EVENT_TYPES, pick, TEXTS } from "./sampleValues";

/** What an event says, as against who did it, where and when. */
export type Content = Pick<
  AmplitudeEvent,
  "event_type" | "data" | "event_properties" | "group_properties" | "groups" | "user_properties"
>;

const GROUP_TYPE = "[Segment] Group";
const ACCOUNTS = 97;

/** An event's group, in the three members that speak of it. */
type OfGroup = Pick<Content, "data" | "group_properties" | "groups">;

const NO_GROUP: OfGroup = { data: data({}), group_properties: {}, groups: {} };

function groupOf(user: number): OfGroup {
  const account = user % ACCOUNTS;
  return {
    data: data({ "3124": [account] }),
    group_properties: { [GROUP_TYPE]: { [`account-${account}`]: {} } },
    groups: { [GROUP_TYPE]: [`account-${account}`] },
  };
}

/** @param place among those that are drawn, from 0. Of 25 in a row one is `$identify`, one `$groupidentify`. */
export function contentOf(random: RandomGenerator, place: number, user: number): Content {
  if (place % 25 === 7) return identify(random, user);
  if (place % 25 === 19) return groupIdentify(random, user);
  return {
    event_type: pick(EVENT_TYPES, uniformInt(random, 0, EVENT_TYPES.length - 1)),
    ...(user % 5 === 0 ? groupOf(user) : NO_GROUP),
    event_properties: place % 6 === 5 ? {} : purchase(random),
    user_properties: user % 6 === 5 ? {} : profile(random, user),
  };
}

function identify(random: RandomGenerator, user: number): Content {
  return {
    ...NO_GROUP,
    event_type: "$identify",
    event_properties: {},
    user_properties: { $set: profile(random, user) },
  };
}

function groupIdentify(random: RandomGenerator, user: number): Content {
  return {
    ...groupOf(user),
    event_type: "$groupidentify",
    event_properties: {},
    group_properties: { $set: { plan: "enterprise", seats: uniformInt(random, 1, 500), 業種: null } },
    user_properties: {},
  };
}

function data(groupIds: Properties): Properties {
  return {
    path: "/2/httpapi",
    user_properties_updated: true,
    group_first_event: {},
    group_ids: groupIds,
  };
}

function purchase(random: RandomGenerator): Properties {
  const draw = uniformInt(random, 0, 999_999);
  return {
    title: pick(TEXTS, draw),
    price: draw / 100,
    quantity: draw % 7,
    returning: draw % 2 === 0,
    coupon: null,
    tags: ["sale", "new"],
    order: 3_000_000_000 + draw,
  };
}

function profile(random: RandomGenerator, user: number): Properties {
  return {
    referring_domain: "www.example.com",
    nickname: pick(TEXTS, uniformInt(random, 0, TEXTS.length - 1)),
    score: user / 8,
    utm_source: null,
  };
}
