// A setup file: fast-check draws from a random seed unless it is told one, and a test must not pass or fail by chance.
import { configureGlobal } from "fast-check";

configureGlobal({ seed: Number(process.env.FIRST_SEED ?? 1) });
