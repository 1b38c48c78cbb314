//! JSON objects whose names must be unique: safetensors headers and shard indexes.
//!
//! `serde_json` keeps the last of two equal names in silence; two programs that keep different ones would then
//! read different weights from one file. Here the second one is an error.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// An object of strings, each name seen once.
#[derive(Debug, Default)]
pub(super) struct UniqueStrings(pub(super) BTreeMap<String, String>);

impl<'de> Deserialize<'de> for UniqueStrings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StringsVisitor)
    }
}

struct StringsVisitor;

impl<'de> Visitor<'de> for StringsVisitor {
    type Value = UniqueStrings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UniqueStrings, A::Error> {
        let mut strings = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            match strings.entry(name) {
                Entry::Occupied(seen) => return Err(A::Error::custom(format!("the name {:?} twice", seen.key()))),
                Entry::Vacant(place) => place.insert(map.next_value()?),
            };
        }
        Ok(UniqueStrings(strings))
    }
}
