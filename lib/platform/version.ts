/** As in package.json (a test compares them); importing that file would put all of it into every bundle. */
export const VERSION = "0.1.0";
