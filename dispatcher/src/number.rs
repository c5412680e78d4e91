//! Numbers in JSON that may be infinite: JSON has no infinity, so it is written as the text `"inf"` or `"-inf"`.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserializer, Serializer};

/// Writes a number, or `"inf"`, `"-inf"`, `"nan"`.
pub fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        to.serialize_f64(*value)
    } else {
        to.serialize_str(&value.to_string().to_lowercase())
    }
}

/// Reads what [`serialize`] writes.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    struct Number;

    impl Visitor<'_> for Number {
        type Value = f64;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a number, \"inf\", \"-inf\" or \"nan\"")
        }

        fn visit_f64<E: de::Error>(self, value: f64) -> Result<f64, E> {
            Ok(value)
        }

        #[expect(
            clippy::cast_precision_loss,
            reason = "JSON numbers are doubles by nature"
        )]
        fn visit_u64<E: de::Error>(self, value: u64) -> Result<f64, E> {
            Ok(value as f64)
        }

        #[expect(
            clippy::cast_precision_loss,
            reason = "JSON numbers are doubles by nature"
        )]
        fn visit_i64<E: de::Error>(self, value: i64) -> Result<f64, E> {
            Ok(value as f64)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<f64, E> {
            text.parse()
                .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }

    from.deserialize_any(Number)
}

/// The same for numbers that may be absent.
pub mod option {
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes a number as [`serialize`](super::serialize) does, or `null`.
    pub fn serialize<S: Serializer>(value: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, to),
            None => to.serialize_none(),
        }
    }

    /// Reads what [`serialize`] writes.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
        #[derive(Deserialize)]
        struct Number(#[serde(with = "super")] f64);

        Ok(Option::<Number>::deserialize(from)?.map(|number| number.0))
    }
}
