/** The version in package.json (a test compares them). Importing that file would put all of it into every bundle. */
export const VERSION = "0.1.0";
