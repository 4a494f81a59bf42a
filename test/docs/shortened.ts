/** Shortens commands that take minutes or never end, and fills in the API key of the sandbox's Amplitude. */
export function shortened(code: string): string {
  return code
    .replaceAll(/AMPLITUDE_API_KEY=\S+/g, 'AMPLITUDE_API_KEY="$SANDBOX_API_KEY"')
    .replaceAll(/(?<=amplitude-kinesis )(verify|send)\b((?:\\\n|[^\n|;&])*)/g, fewerEvents)
    .replaceAll(/(?<=amplitude-kinesis )fleet (preview|up|check|verify|drift)\b([^\n|;&]*)/g, oneCustomer)
    .replaceAll(/(?<=amplitude-kinesis )watch\b((?:\\\n|[^\n|;&])*)/g, shorterWatch);
}

/** Sends fewer events, because the sandbox's engine needs seconds for a thousand. */
function fewerEvents(_: string, verb: string, words: string): string {
  if (/--(export|resume)/.test(words)) return `${verb}${words}`;
  const events = words.includes("--route amplitude") ? 3 : 20;
  if (words.includes("--duration")) return `${verb}${words.replace(/--duration \w+/, "--duration 2s")}`;
  return `${verb} --events ${events}${words.replace(/ --events \d+/, "")}`;
}

/** Works on one customer, because each takes the engine seconds. Others of the selection would add no other code. */
function oneCustomer(_: string, verb: string, words: string): string {
  const isVerified = verb === "verify" || (verb === "up" && !words.includes("--part"));
  // An earlier command of the document verifies what the parts bring up.
  const events = isVerified ? " --events 20" : verb === "up" ? " --no-verify" : "";
  // A preview creates no stack, and this one was created by hand.
  const customer = verb === "preview" ? "initech" : "acme";
  return `fleet ${verb}${events} --only ${customer}${words.replace(/ --only \S+/, "")}`;
}

/** Waits for fewer rows, because the test writes only a few at a time. */
function shorterWatch(_: string, words: string): string {
  const bounded = words.replaceAll(/--until (\d+)([smh]?)/g, (_whole, _number, unit: string) =>
    unit === "" ? "--until 5" : "--until 30s",
  );
  return `watch${/--until \d+( |$)/.test(bounded) ? "" : " --until 5"}${bounded}`;
}
