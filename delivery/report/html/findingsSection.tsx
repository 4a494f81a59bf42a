import type { Finding, Severity } from "../../common/findings";
import { bySeverity } from "../../common/findings";
import { Prose } from "./proseText";

const SEVERITIES: Record<Severity, string> = {
  error: "✗ Stops delivery",
  undetermined: "? Leaves it open",
  warning: "! Worth knowing",
};

export function FindingsSection({ findings }: { findings: Finding[] }) {
  return (
    <section aria-labelledby="findings">
      <h2 id="findings">{findings.length === 0 ? "Findings" : `Findings (${findings.length})`}</h2>
      {findings.length === 0 ? <p>Nothing was found that stops or endangers delivery.</p> : null}
      {bySeverity(findings).map((finding, index) => (
        <FindingCard key={index} finding={finding} />
      ))}
    </section>
  );
}

function FindingCard({ finding: { severity, code, message, where, remedy } }: { finding: Finding }) {
  return (
    <article class="finding">
      <h3>
        <span class={severity}>{SEVERITIES[severity]}:</span> <code>{code}</code>
      </h3>
      <p>
        <Prose text={message} />
      </p>
      <dl>
        <dt>Where</dt>
        <dd>
          <code>{where}</code>
        </dd>
        <dt>Remedy</dt>
        <dd>
          <Prose text={remedy} />
        </dd>
      </dl>
    </article>
  );
}
