//! What a job needs, as a file writes it: a name, a table, or a list of them.

use std::borrow::Cow;
use std::fmt;

use ffbatch_dispatcher::terms::DependencyKind;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The needs of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs(pub Vec<Need>);

/// One need of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Need {
    /// The other job's name, as the file has it; not needed where the kind is `SEQUENTIAL`.
    pub job: Option<String>,
    /// What of it has to succeed: `WHOLE` all of it, `N_TO_N` the child of the same number, `SEQUENTIAL` the child before.
    #[schemars(with = "crate::schema::KindShape")]
    pub kind: DependencyKind,
}

/// What may stand in `needs`.
const NEED: &str =
    "a job's name, a table such as `{ job = \"name\", kind = \"N_TO_N\" }`, or a list of them";

impl<'de> Deserialize<'de> for Needs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Many;

        impl<'de> Visitor<'de> for Many {
            type Value = Needs;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(NEED)
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Needs, E> {
                One.visit_str(name).map(|need| Needs(vec![need]))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Needs, A::Error> {
                One.visit_map(map).map(|need| Needs(vec![need]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Needs, A::Error> {
                let mut needs = Vec::new();
                while let Some(Single(need)) = list.next_element()? {
                    needs.push(need);
                }
                Ok(Needs(needs))
            }
        }

        from.deserialize_any(Many)
    }
}

/// A need in one of its forms.
struct Single(Need);

struct One;

impl<'de> Visitor<'de> for One {
    type Value = Need;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(NEED)
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Need, E> {
        Ok(Need {
            job: Some(name.to_owned()),
            kind: DependencyKind::Whole,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Need, A::Error> {
        Need::deserialize(MapAccessDeserializer::new(map))
    }
}

impl<'de> Deserialize<'de> for Single {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(One).map(Self)
    }
}

impl JsonSchema for Needs {
    fn schema_name() -> Cow<'static, str> {
        "Needs".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let need = generator.subschema_for::<Need>();
        let one = json_schema!({ "anyOf": [{ "type": "string" }, need] });
        json_schema!({ "anyOf": [{ "type": "string" }, need, { "type": "array", "items": one }] })
    }
}
