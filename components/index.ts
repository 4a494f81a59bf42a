export type { DeliveryAlarms } from "./alarms";
export {
  AmplitudeKinesisDestination,
  type AmplitudeKinesisDestinationArgs,
  StreamMode,
} from "./amplitudeKinesisDestination";
export { AMPLITUDE_ACCOUNT_ID } from "./contract";
