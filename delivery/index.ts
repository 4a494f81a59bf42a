export {
  type Adoption,
  type AdoptOptions,
  adoptionText,
  describeAdoption,
  type IgnoredProperty,
} from "./adopt";
export type { AwsOptions, AwsService, Credentials, MfaCode, RoleToAssume, SharedFiles } from "./aws/profile";
export {
  awsOptionsFrom,
  type ProviderConfigOptions,
  type StackConfig,
  type StackSetting,
} from "./aws/providerConfig";
export { type CheckOptions, checkDeployment } from "./check";
export { type CheckedRole, type CheckReport, type CheckVerdict, checkText } from "./check/report";
export type { AmplitudeZone } from "./common/amplitudeApi";
export { type Clock, systemClock } from "./common/clock";
export {
  DeliveryError,
  type DeliveryErrorCode,
  ReportError,
  SettingsError,
  SourceError,
} from "./common/errors";
export type { Finding, FindingCode, Severity, ShardReport, Verdict } from "./common/findings";
export type { Latency } from "./common/histogram";
export { destinationOutputs, type FurtherOutputs, type StackOutputs } from "./common/outputs";
export type { Part } from "./common/part";
export type { TimelineBucket, TimelineReport } from "./common/timeline";
export type { CheckedGuard } from "./deployment/guard";
export type { Target, Task } from "./deployment/iam/actions";
export type { ReportedRoute, Route } from "./deployment/route";
export type { CheckedStream } from "./deployment/stream";
export type { Deviation, EventKind } from "./events/event";
export { type ExportSource, openExport } from "./events/export/exportReader";
export type { ExportedEvent } from "./events/export/rows";
export { type GeneratedSource, type GeneratorOptions, generateEvents } from "./events/generator/generator";
export type { Framing, Unreadable } from "./events/recordContent";
export type { EventSource, Omissions, SourceEvent, SourceProblem } from "./events/source";
export type {
  CustomerDelivery,
  CustomerOutcome,
  CustomerResult,
  CustomerStep,
  DriftedResource,
  FleetCommand,
  FleetReport,
  Verification,
} from "./fleet/report";
export { type Handoff, type HandoffField, handoffOf } from "./handoff";
export { handoffHtml, handoffMarkdown, handoffText } from "./handoff/text";
export {
  existingSubject,
  type GuardSubject,
  type NamingOptions,
  type OperatorPolicy,
  type OperatorStatement,
  operatorPolicy,
  type PolicySubject,
  plannedSubject,
  type Scope,
} from "./operatorPolicy";
export { reconcileDelivery } from "./reconcile";
export { mergeReconciliations } from "./reconcile/mergeParts";
export type { ReconcileOptions, ReconcileProgress } from "./reconcile/options";
export type {
  AmplitudeMetrics,
  BackfillReport,
  EventOutcomes,
  EventTypeReport,
  FieldDifference,
  HourReport,
  IgnoredRows,
  ReconcileReport,
  ReconcileVerdict,
} from "./reconcile/report";
export { type RenderedReport, type ReportFormat, renderReport, writeReports } from "./report/renderReport";
export { reportText } from "./report/text";
export { type SendOptions, type SendProgress, sendEvents } from "./send";
export type { SendOutcome, SendReport } from "./send/report";
export { sendText } from "./send/report";
export type { ConnectionOptions, Progress, RunLoad, SenderOptions, TrustOptions } from "./sending/deployment";
export type { VerifyOptions } from "./verify";
export { verifyDelivery } from "./verify";
export { verifyThroughAmplitude } from "./verify/amplitude";
export type { AmplitudeRouteOptions } from "./verify/amplitude/options";
export { mergeReports, type NamedReport } from "./verify/mergeReports";
export type { DeliveryReport, Environment, Proof } from "./verify/report";
export { type StartingPoint, type WatchOptions, watchStream } from "./watch";
export type { WatchUntil } from "./watch/findings";
export {
  type Counted,
  type CountedDeviation,
  type ForeignKind,
  type Project,
  type WatchSnapshot,
  watchText,
} from "./watch/snapshot";
