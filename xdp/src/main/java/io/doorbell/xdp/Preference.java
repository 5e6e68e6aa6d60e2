package io.doorbell.xdp;

/** How much a mode of AF_XDP matters to whoever opens a link. What is really in force is in its statistics. */
public enum Preference {
    /** The best that the driver offers; what that is, the link reports. */
    AUTO,
    /** Opening fails if the driver does not offer it. */
    REQUIRE,
    /** Not to be used even if the driver offers it. */
    OFF
}
