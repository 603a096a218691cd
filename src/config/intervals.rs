//! How intervals are computed: `off`, `fast` or `bootstrap=N`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// How intervals are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Intervals {
    /// Not at all.
    Off,
    /// By the closed form, while the deals are credited.
    #[default]
    Fast,
    /// By so many replicates of the Poisson bootstrap.
    Bootstrap(usize),
}

/// Fewer replicates have no 95 % interval worth the name, more say nothing new.
const REPLICATES: RangeInclusive<usize> = 100..=10_000;

impl FromStr for Intervals {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let replicates = || text.strip_prefix("bootstrap=")?.parse().ok();
        match text {
            "off" => Ok(Self::Off),
            "fast" => Ok(Self::Fast),
            _ => match replicates() {
                Some(replicates) if REPLICATES.contains(&replicates) => Ok(Self::Bootstrap(replicates)),
                Some(replicates) => {
                    let (least, most) = (REPLICATES.start(), REPLICATES.end());
                    Err(format!("asks for {replicates} replicates; ask for {least} to {most}, as in \"bootstrap=200\""))
                }
                None => Err(format!("\"{text}\" is not one of \"off\", \"fast\" and \"bootstrap=200\"")),
            },
        }
    }
}

impl fmt::Display for Intervals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => write!(f, "off"),
            Self::Fast => write!(f, "fast"),
            Self::Bootstrap(replicates) => write!(f, "bootstrap={replicates}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read() {
        for intervals in [Intervals::Off, Intervals::Fast, Intervals::Bootstrap(200)] {
            assert_eq!(intervals.to_string().parse(), Ok(intervals));
        }
    }

    #[test]
    fn anything_else_is_refused_with_a_remedy() {
        for text in ["", "on", "Fast", "bootstrap", "bootstrap=", "bootstrap=-1", "bootstrap=2.5"] {
            assert!(text.parse::<Intervals>().unwrap_err().contains("is not one of"), "{text}");
        }
        assert!("bootstrap=10".parse::<Intervals>().unwrap_err().contains("ask for 100 to 10000"));
    }
}
