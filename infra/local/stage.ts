/** The stage of serverless.yml that runs on one machine. */
export const LOCAL_STAGE = "local";
/** As a deployed stage's is called. */
export const LOCAL_SECRET_ID = `ringfront/${LOCAL_STAGE}/ringcentral`;
