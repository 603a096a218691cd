//! A table of buckets, each as long as a line of the cache: a probe waits for memory once.

use super::filter::Filter;
use super::{NO_NUMBER, place_of};
use crate::scatter::marked::keep_marked;

/// Keys with a value each, in the bucket that the hash of the key says or in those behind it.
#[derive(Debug)]
pub(super) struct Buckets<K, V> {
    buckets: Vec<Bucket<K, V>>,
    filter: Filter,
}

/// What may stand beside a key.
pub(super) trait Value: Copy + Ord {
    /// What stands for "none", the greatest.
    const NONE: Self;
}

impl Value for u32 {
    const NONE: Self = NO_NUMBER;
}

impl Value for usize {
    const NONE: Self = Self::MAX;
}

#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Bucket<K, V> {
    keys: [K; PLACES],
    values: [V; PLACES],
    /// Whether a key that belongs here stands in a bucket behind.
    overflowed: bool,
}

const PLACES: usize = 5;
/// Of five places two are filled on average, so that one bucket in sixty overflows.
const KEYS_PER_BUCKET: usize = 2;
/// Probes whose buckets are fetched before any is looked at: the memory is waited for once, not key by key.
pub(super) const FETCHED_TOGETHER: usize = 64;

const _: () = assert!(size_of::<Bucket<i64, u32>>() == 64 && size_of::<Bucket<u32, usize>>() == 64);

impl<K: Copy + Default + PartialEq, V: Value> Buckets<K, V> {
    /// An empty table with room for so many keys.
    pub(super) fn new(keys: usize) -> Self {
        let empty = Bucket { keys: [K::default(); PLACES], values: [V::NONE; PLACES], overflowed: false };
        Self { buckets: vec![empty; keys.div_ceil(KEYS_PER_BUCKET)], filter: Filter::new(keys) }
    }

    /// How much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.buckets.as_slice()) + self.filter.bytes()
    }

    /// Whether it has room for no key.
    pub(super) fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The bucket where a hash belongs. There must be one.
    #[inline]
    pub(super) fn home(&self, hash: u64) -> usize {
        place_of(hash, self.buckets.len())
    }

    /// Adds a key with its hash; of those added there are at most as many as there is room for.
    pub(super) fn insert(&mut self, hash: u64, key: K, value: V) {
        self.filter.add(hash);
        let mut at = self.home(hash);
        loop {
            let bucket = &mut self.buckets[at];
            if let Some(place) = bucket.values.iter().position(|known| *known == V::NONE) {
                (bucket.keys[place], bucket.values[place]) = (key, value);
                return;
            }
            bucket.overflowed = true;
            at = self.behind(at);
        }
    }

    /// Fetches buckets that will be looked at.
    #[inline]
    pub(super) fn fetch(&self, homes: impl Iterator<Item = usize>) {
        let overflowed = homes.map(|home| usize::from(self.buckets[home].overflowed)).sum::<usize>();
        std::hint::black_box(overflowed);
    }

    /// Fetches the buckets of those hashes that may be here: writes their positions and homes to `likely` and returns how
    /// many they are.
    #[inline]
    pub(super) fn fetch_likely(&self, hashes: &[u64], likely: &mut [(usize, usize); FETCHED_TOGETHER]) -> usize {
        let hashes = hashes.iter().enumerate();
        let homes = hashes.map(|(position, &hash)| ((position, self.home(hash)), self.filter.may_have(hash)));
        let count = keep_marked(likely, homes);
        self.fetch(likely[..count].iter().map(|(_, home)| *home));
        count
    }

    /// The least value that a key has at home, or none, and whether it must be looked for behind. Every place is looked at
    /// and nothing is left out, so that no jump is taken wrongly.
    #[inline]
    pub(super) fn at_home(&self, home: usize, key: K) -> (V, bool) {
        let bucket = &self.buckets[home];
        let places = bucket.keys.iter().zip(&bucket.values);
        let value =
            places.fold(V::NONE, |least, (known, value)| least.min(if *known == key { *value } else { V::NONE }));
        (value, bucket.overflowed & (value == V::NONE))
    }

    /// The value of a key that is the right one, or none. Seldom asked: what stands at home is nearly always enough.
    #[cold]
    pub(super) fn find(&self, home: usize, key: K, is_it: impl Fn(V) -> bool) -> V {
        let mut at = home;
        loop {
            let bucket = &self.buckets[at];
            for (known, value) in bucket.keys.iter().zip(&bucket.values) {
                if *known == key && *value != V::NONE && is_it(*value) {
                    return *value;
                }
            }
            if !bucket.overflowed {
                return V::NONE;
            }
            at = self.behind(at);
        }
    }

    fn behind(&self, at: usize) -> usize {
        if at + 1 == self.buckets.len() { 0 } else { at + 1 }
    }
}

/// Hands on what is to be added, as many at a time as are fetched together.
pub(super) fn in_portions<T>(items: impl Iterator<Item = T>, mut add: impl FnMut(&[T])) {
    let mut items = items.fuse();
    let mut portion = Vec::with_capacity(FETCHED_TOGETHER);
    loop {
        portion.clear();
        portion.extend(items.by_ref().take(FETCHED_TOGETHER));
        if portion.is_empty() {
            return;
        }
        add(&portion);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twelve keys belong to the last of six buckets: five stand there, the others in the first ones.
    #[test]
    fn keys_of_a_full_bucket_stand_behind_it() {
        let mut table = Buckets::<i64, u32>::new(12);
        let home = table.home(u64::MAX);
        assert_eq!(home, 5);
        for key in 0..12 {
            table.insert(u64::MAX, key, u32::try_from(key).unwrap());
        }
        for key in 0..12 {
            let value = u32::try_from(key).unwrap();
            let at_home = if key < 5 { (value, false) } else { (u32::NONE, true) };
            assert_eq!(table.at_home(home, key), at_home, "{key}");
            assert_eq!(table.find(home, key, |_| true), value, "{key}");
        }
        assert_eq!(table.find(home, 12, |_| true), u32::NONE);
        assert_eq!(table.at_home(3, 12), (u32::NONE, false));
    }

    #[test]
    fn of_values_under_one_key_the_right_one_is_found() {
        let mut table = Buckets::<u32, usize>::new(2);
        table.insert(0, 7, 16);
        table.insert(0, 7, 32);
        assert_eq!(table.find(0, 7, |value| value == 32), 32);
        assert_eq!(table.find(0, 7, |value| value == 48), usize::NONE);
        assert_eq!(table.at_home(0, 7), (16, false));
    }
}
