export { AmplitudeKinesisDestination } from "./amplitudeKinesisDestination";
export {
  type AdoptedResources,
  type AmplitudeKinesisDestinationArgs,
  type DeliveryAlarms,
  type StreamGuard,
  StreamMode,
} from "./args";
export { AMPLITUDE_ACCOUNT_ID } from "./contract";
