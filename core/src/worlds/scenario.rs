//! The scenarios: what happens in each world, as data.

/// The channels of every world; the code is the position. `direct` is how demand reaches us unasked: its truth is zero.
pub const CHANNELS: [&str; 5] = ["direct", "paid_social", "webinar", "email", "retargeting"];

/// How the effect of a touch comes and goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lag {
    /// At once, with this half-life in days.
    Decay(f64),
    /// Rises first and falls later: the difference of decays with the second and the first half-life, peaking near one.
    Hump(f64, f64),
}

/// A credited channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChannelTruth {
    /// Chance of a touch per day.
    pub rate: f64,
    /// What multiplies it while the account is in the market: targeting that we do not see.
    pub in_market: f64,
    /// What multiplies it for each step of the account's segment (0, 1, 2): targeting that we do see.
    pub segment: f64,
    /// Chance of a touch per day in the week after a visit.
    pub after_visit: f64,
    /// Chance of a touch per day in the month after a sales touch.
    pub after_sales: f64,
    /// By how much a saturated exposure raises the rate of conversion, as a multiple of the organic rate.
    pub effect: f64,
    /// When it does.
    pub lag: Lag,
}

/// The sales force.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sales {
    /// Chance of an outbound touch per day.
    pub rate: f64,
    /// By how much a saturated exposure multiplies the rate of conversion, less one.
    pub effect: f64,
}

/// One world's rules.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub description: &'static str,
    /// Conversions per day of an account outside the market, untouched.
    pub base_rate: f64,
    /// What being in the market multiplies it by.
    pub intent: f64,
    /// Whether visits are recorded as touches of `direct`.
    pub visits_recorded: bool,
    /// The credited channels, codes 1 to 4.
    pub channels: [ChannelTruth; 4],
    /// What webinar and email add together beyond their own, at full saturation of both.
    pub synergy: f64,
    /// The sales force.
    pub sales: Sales,
}

const QUIET: ChannelTruth = ChannelTruth {
    rate: 0.01,
    in_market: 1.0,
    segment: 1.0,
    after_visit: 0.0,
    after_sales: 0.0,
    effect: 0.0,
    lag: Lag::Decay(20.0),
};

const SOCIAL: ChannelTruth = ChannelTruth { rate: 0.015, effect: 0.8, lag: Lag::Decay(14.0), ..QUIET };
const WEBINAR: ChannelTruth = ChannelTruth { rate: 0.003, segment: 1.6, effect: 4.0, lag: Lag::Decay(40.0), ..QUIET };
const EMAIL: ChannelTruth = ChannelTruth { rate: 0.02, effect: 0.5, lag: Lag::Decay(10.0), ..QUIET };
const RETARGETING: ChannelTruth =
    ChannelTruth { rate: 0.001, after_visit: 0.25, effect: 0.1, lag: Lag::Decay(7.0), ..QUIET };
const BROAD: ChannelTruth = ChannelTruth { rate: 0.01, effect: 0.6, lag: Lag::Decay(7.0), ..QUIET };

const ORGANIC: Scenario = Scenario {
    name: "organic_demand",
    description: "Most deals would come anyway; four channels add something, none follows intent.",
    base_rate: 6e-5,
    intent: 12.0,
    visits_recorded: true,
    channels: [SOCIAL, WEBINAR, EMAIL, BROAD],
    synergy: 0.0,
    sales: Sales { rate: 0.0, effect: 0.0 },
};

const FOLLOWING: Scenario = Scenario {
    name: "retargeting",
    description: "Retargeting fires after visits, which in-market accounts make; it adds next to nothing.",
    channels: [SOCIAL, WEBINAR, EMAIL, RETARGETING],
    ..ORGANIC
};

const LONG: ChannelTruth = ChannelTruth { lag: Lag::Hump(15.0, 60.0), ..WEBINAR };

/// All scenarios, in the order in which reports show them.
pub fn scenarios() -> &'static [Scenario] {
    static SCENARIOS: [Scenario; 7] = [
        ORGANIC,
        FOLLOWING,
        Scenario {
            name: "synergy",
            description: "As retargeting, and a webinar works twice as well on accounts that get e-mail.",
            synergy: 4.0,
            ..FOLLOWING
        },
        Scenario {
            name: "long_lags",
            description: "As retargeting, and webinars and social work after one to three months.",
            channels: [ChannelTruth { lag: Lag::Hump(10.0, 45.0), effect: 1.2, ..SOCIAL }, LONG, EMAIL, RETARGETING],
            ..FOLLOWING
        },
        Scenario {
            name: "sales_started",
            description: "As retargeting, and sales opens deals; e-mail follows sales touches and adds nothing.",
            channels: [SOCIAL, WEBINAR, ChannelTruth { after_sales: 0.12, effect: 0.0, ..EMAIL }, RETARGETING],
            sales: Sales { rate: 0.006, effect: 5.0 },
            ..FOLLOWING
        },
        Scenario {
            name: "no_effects",
            description: "As retargeting, and no channel adds anything.",
            channels: [
                ChannelTruth { effect: 0.0, ..SOCIAL },
                ChannelTruth { effect: 0.0, ..WEBINAR },
                ChannelTruth { effect: 0.0, ..EMAIL },
                ChannelTruth { effect: 0.0, ..RETARGETING },
            ],
            ..FOLLOWING
        },
        Scenario {
            name: "hidden_intent",
            description: "As retargeting, but visits are not recorded: nothing recorded shows the intent it follows.",
            visits_recorded: false,
            ..FOLLOWING
        },
    ];
    &SCENARIOS
}
