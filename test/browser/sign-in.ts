import type { Page } from "playwright-core";
import { findAccessibilityProblems } from "./chromium.ts";

/** RingCentral's part of a sign-in, on the twin's page: a person says who they are. */
export async function signInAs(page: Page, person: RegExp): Promise<void> {
  await page.getByRole("button", { name: "Sign in with RingCentral", exact: true }).click();
  const button = page.getByRole("button", { name: person });
  await button.waitFor();
  if ((await findAccessibilityProblems(page)).length > 0)
    throw new Error("the log-in page is not accessible");
  await button.click();
}

export const ana = /^Ana Ruiz,/;
export const marta = /^Marta Vidal,/;
