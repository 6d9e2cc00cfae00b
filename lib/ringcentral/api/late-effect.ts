/**
 * The time in which RingCentral may still complete a write whose response was lost, or came from a gateway that gave
 * up. RingCentral states no bound [unsure]. Gateways give up after 30 to 60 s, and a request that they have passed on
 * ends within the same time again.
 */
export const LATE_EFFECT_MS = 120_000;

/** The largest difference between two clocks of the fleet that does no harm. */
export const CLOCK_SLACK_MS = 6_000;
/** How long after a write was sent it must not be sent again. */
export const UNSETTLED_MS = LATE_EFFECT_MS + CLOCK_SLACK_MS;
