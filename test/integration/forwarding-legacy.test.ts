import { describeForwardingContract } from "../support/forwarding-contract.ts";

describeForwardingContract("on the legacy backend", { callHandling: "legacy" });
