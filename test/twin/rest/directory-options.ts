/** Settings of the company directory. */
export interface DirectorySettings {
  /** `perPage=all`: everything on one page [spec], or as `max`, a page of 2,000 ("all"). */
  directoryPerPageAll: "all" | "max";
  /** Whether responses have an ETag: If-None-Match is declared, the header is not ("content"). */
  directoryEtag: "content" | "none";
  /** Whether `showFederated=false` leaves other accounts out [spec] ("as-asked"). */
  directoryFederated: "as-asked" | "always";
  /** Whether an administrator sees hidden people: the guide removes them, the schema has a member for them ("omitted"). */
  directoryHidden: "omitted" | "shown";
  /** The call declares no availability in limited mode ("CMN-211"). */
  directoryInLimitedMode: "CMN-211" | "served";
  /** Whether a change notifies subscribers of the directory (true). */
  directoryEvents: boolean;
}

export const directoryDefaults: DirectorySettings = {
  directoryPerPageAll: "all",
  directoryEtag: "content",
  directoryFederated: "as-asked",
  directoryHidden: "omitted",
  directoryInLimitedMode: "CMN-211",
  directoryEvents: true,
};

/** The values of the settings that are words. */
export const directoryValues = {
  directoryPerPageAll: ["all", "max"],
  directoryEtag: ["content", "none"],
  directoryFederated: ["as-asked", "always"],
  directoryHidden: ["omitted", "shown"],
  directoryInLimitedMode: ["CMN-211", "served"],
} as const;
