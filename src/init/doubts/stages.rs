//! What the stages of the opportunities mean.

use super::{Doubts, Spot, some_of};
use crate::config::file::Table;
use crate::init::kinds::Stages;
use crate::init::name::plain;
use std::collections::BTreeSet;

/// What the stages of the opportunities mean.
#[derive(Debug)]
pub(in crate::init) struct StageMeanings {
    pub(in crate::init) won: Vec<String>,
    pub(in crate::init) lost: Vec<String>,
    /// All others.
    pub(in crate::init) neither: Vec<String>,
}

impl Doubts<'_> {
    /// What the stages mean, where no column says what is won.
    pub(super) fn stages(&mut self, words: &Stages) -> Option<StageMeanings> {
        let branch = self.branches(Table::Opportunities).first()?;
        if branch.select.projection("is_won").is_some() {
            return None;
        }
        let look = &self.looks[branch.look];
        let is_constant = branch.select.projection("stage").is_none_or(|projection| projection.headers.is_empty());
        if is_constant {
            return None;
        }
        let mut meanings = StageMeanings { won: Vec::new(), lost: Vec::new(), neither: Vec::new() };
        let stages: BTreeSet<&str> = self.values(Table::Opportunities, "stage").into_iter().collect();
        for stage in stages {
            let meaning = match (means(stage, &words.won), means(stage, &words.lost)) {
                (true, _) => &mut meanings.won,
                (_, true) => &mut meanings.lost,
                _ => &mut meanings.neither,
            };
            meaning.push(stage.to_owned());
        }
        let doubtful: Vec<&str> =
            meanings.neither.iter().map(String::as_str).filter(|stage| words.speak_in(stage)).collect();
        if meanings.won.is_empty() {
            let all: Vec<&str> = meanings.lost.iter().chain(&meanings.neither).map(String::as_str).collect();
            let message = format!("which stage of {} means won? It has {}", look.path, some_of(&all));
            self.add(Spot::Won, message);
        } else if !doubtful.is_empty() {
            let message = format!("stages that may mean won or lost are in neither list: {}", some_of(&doubtful));
            self.add(Spot::Won, message);
        }
        Some(meanings)
    }
}

/// Whether a stage is one of some words, perhaps with a number before it, as 7 - Closed Won, or some of them, as Won - Signed.
fn means(stage: &str, words: &[String]) -> bool {
    let stage = stage.split(" (").next().unwrap_or_default().replace(['–', '—'], "-");
    let stage = stage.trim_start_matches(|c: char| !c.is_alphabetic());
    let is_one = |text: &str| words.iter().any(|word| plain(word) == plain(text));
    is_one(stage) || stage.split(" - ").all(is_one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::kinds::knowledge;

    #[test]
    fn numbers_and_dashes_take_no_meaning_away() {
        let Stages { won, lost } = knowledge().unwrap().stages;
        for stage in
            ["Closed Won", "7 - Closed Won", "07. Won", "100% Won", "Closed - Won", "Won – Signed", "Won (EMEA)"]
        {
            assert!(means(stage, &won) && !means(stage, &lost), "{stage}");
        }
        for stage in ["Closed - Lost", "8) Closed Lost", "Lost - Abandoned"] {
            assert!(means(stage, &lost) && !means(stage, &won), "{stage}");
        }
        for stage in ["Won - Renewal", "Signed - Lost", "Contract Sent", "7", "Closed"] {
            assert!(!means(stage, &won) && !means(stage, &lost), "{stage}");
        }
    }
}
