/** The items of a comma-separated parameter. */
export const list = (text: string) => text.split(/[,\s]+/).filter((item) => item !== "");
