/**
 * How long after it was sent RingCentral may still complete a write whose response was lost, or came from a gateway that
 * gave up. RingCentral states no bound [unsure]; gateways give up after 30 to 60 s, and what they passed on ends within
 * as much again.
 */
export const LATE_EFFECT_MS = 120_000;
