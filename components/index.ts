export { AmplitudeKinesisDestination } from "./amplitudeKinesisDestination";
export {
  type AdoptedResources,
  type AmplitudeKinesisDestinationArgs,
  type DeliveryAlarms,
  StreamMode,
} from "./args";
export { AMPLITUDE_ACCOUNT_ID } from "./contract";
