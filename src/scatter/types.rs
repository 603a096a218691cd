//! Touch types as small codes, needed only where repeated touches of a person are collapsed or a model tells types apart.

use crate::engine::EngineError;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Hands out codes while touches are read. Codes depend on the order of reading, so they are only compared for equality.
#[derive(Debug, Default)]
pub struct TypeCodes {
    met: Mutex<HashMap<String, u16>>,
}

impl TypeCodes {
    /// A reader of one stream of touches.
    pub fn reader(&self) -> TypeReader<'_> {
        TypeReader { codes: self, known: HashMap::new() }
    }

    #[cold]
    fn meet(&self, touch_type: &str) -> Result<u16, EngineError> {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&code) = met.get(touch_type) {
            return Ok(code);
        }
        let code = u16::try_from(met.len() + 1).map_err(|_| EngineError::TooManyTouchTypes)?;
        met.insert(touch_type.to_owned(), code);
        Ok(code)
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

/// Finds the codes of one stream of touches, and remembers them so that streams do not wait for each other.
#[derive(Debug)]
pub struct TypeReader<'a> {
    codes: &'a TypeCodes,
    known: HashMap<String, u16>,
}

impl TypeReader<'_> {
    /// The code of a touch type.
    ///
    /// # Errors
    /// More types than codes.
    pub fn code(&mut self, touch_type: &str) -> Result<u16, EngineError> {
        if let Some(&code) = self.known.get(touch_type) {
            return Ok(code);
        }
        let code = self.codes.meet(touch_type)?;
        self.known.insert(touch_type.to_owned(), code);
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_share_codes_until_there_are_none_left() {
        let types = TypeCodes::default();
        let (mut one, mut other) = (types.reader(), types.reader());
        let code = one.code("email").unwrap();
        assert_eq!(other.code("email").unwrap(), code);
        assert_ne!(other.code("call").unwrap(), code);
        for number in 2..u16::MAX {
            one.code(&number.to_string()).unwrap();
        }
        assert_eq!(other.code("email").unwrap(), code);
        let refused = other.code("one more").unwrap_err();
        assert!(matches!(refused, EngineError::TooManyTouchTypes), "{refused}");
    }
}
