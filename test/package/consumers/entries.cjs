const { AMPLITUDE_ACCOUNT_ID, AmplitudeKinesisDestination, StreamMode } = require("pulumi-amplitude-kinesis");
const { SettingsError, generateEvents, verifyDelivery } = require("pulumi-amplitude-kinesis/delivery");

const classes = [AmplitudeKinesisDestination, SettingsError, generateEvents, verifyDelivery];
console.log(JSON.stringify([AMPLITUDE_ACCOUNT_ID, StreamMode.OnDemand, ...classes.map(({ name }) => name)]));
