/** The stage of serverless.yml that runs on one machine. */
export const LOCAL_STAGE = "local";
/** As a deployed stage's is called. */
export const LOCAL_SECRET_ID = `ringfront/${LOCAL_STAGE}/ringcentral`;

/** What AWS clients need to reach an emulator. */
export const localAws = {
  region: "us-east-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
};
