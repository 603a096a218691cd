//! Touch types as small codes, needed only where repeated touches of a person are collapsed or a model tells types apart.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Hands out codes while touches are read. Codes depend on the order of reading, so they are only compared for equality.
#[derive(Debug, Default)]
pub struct TypeCodes {
    met: Mutex<HashMap<String, u16>>,
}

impl TypeCodes {
    /// The code of a touch type; types beyond 65,535 share the last.
    pub fn code(&self, touch_type: &str) -> u16 {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&code) = met.get(touch_type) {
            return code;
        }
        let code = u16::try_from(met.len() + 1).unwrap_or(u16::MAX);
        met.insert(touch_type.to_owned(), code);
        code
    }

    /// Every type that has been met, sorted, with its code.
    pub fn all(&self) -> Vec<(String, u16)> {
        let met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<(String, u16)> = met.iter().map(|(name, &code)| (name.clone(), code)).collect();
        all.sort_unstable();
        all
    }

    /// By code, the place of each type among all sorted; code 0 is that of touches without type.
    pub fn ranks(&self) -> Vec<u16> {
        let all = self.all();
        let mut ranks = vec![0; all.iter().map(|(_, code)| usize::from(*code) + 1).max().unwrap_or(1)];
        for (rank, (_, code)) in (1..=u16::MAX).zip(&all) {
            ranks[usize::from(*code)] = rank;
        }
        ranks
    }

    /// The codes of some types that have been met.
    pub fn codes_of(&self, touch_types: &[String]) -> Vec<u16> {
        let met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        touch_types.iter().filter_map(|touch_type| met.get(touch_type).copied()).collect()
    }
}
