/** The stage of serverless.yml that runs on one machine. */
export const LOCAL_STAGE = "local";
/** The audience of the tokens that the local issuer makes. */
export const LOCAL_AUDIENCE = "ringfront";

/** The settings that AWS clients need to reach an emulator. */
export const localAws = {
  region: "us-east-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
};
