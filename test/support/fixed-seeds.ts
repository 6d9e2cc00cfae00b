// A setup file. fast-check draws a random seed unless it is given one, and a test must not pass or fail by chance.
import { configureGlobal } from "fast-check";

configureGlobal({ seed: Number(process.env.FIRST_SEED ?? 1) });
