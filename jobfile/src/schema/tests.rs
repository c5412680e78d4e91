//! The schema and the deserializer know the same keys.

use std::collections::BTreeSet;

use serde_json::Value;

use super::schema;
use crate::format::Format;
use crate::{entry, read, settings};

fn keys(schema: &Value, pointer: &str) -> BTreeSet<String> {
    let properties = schema.pointer(pointer).and_then(Value::as_object);
    properties
        .expect("an object with properties")
        .keys()
        .cloned()
        .collect()
}

fn set(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[test]
fn the_schema_lists_every_key() {
    let schema = schema();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    assert_eq!(keys(&schema, "/properties"), set(&["defaults", "jobs"]));
    assert_eq!(
        keys(&schema, "/$defs/Settings/properties"),
        set(&settings::KEYS)
    );
    let all: Vec<&str> = entry::KEYS.into_iter().chain(settings::KEYS).collect();
    assert_eq!(keys(&schema, "/$defs/Job/properties"), set(&all));
}

#[test]
fn the_deserializer_knows_every_key_of_the_schema_and_no_other() {
    let schema = schema();
    for (table, pointer) in [
        ("[defaults]\n", "/$defs/Settings/properties"),
        ("[[jobs]]\n", "/$defs/Job/properties"),
        ("[[jobs]]\n[jobs.retry]\n", "/$defs/Retry/properties"),
        (
            "[[jobs]]\n[[jobs.retry.evaluate_on_exit]]\n",
            "/$defs/Rule/properties",
        ),
        ("[[jobs]]\n[[jobs.needs]]\n", "/$defs/Need/properties"),
    ] {
        let error = |key: &str| {
            // No key takes a list of tables, so that each is refused, but only an unknown one for its name.
            let text = format!("{table}{key} = [{{ nothing = [[]] }}]");
            read(&text, Format::Toml, "jobs.toml")
                .err()
                .map(|error| error.to_string())
        };
        for key in keys(&schema, pointer) {
            let error = error(&key).unwrap_or_default();
            assert!(!error.contains(&format!("unknown key `{key}`")), "{error}");
        }
        let unknown = error("nobody_knows").unwrap_or_default();
        assert!(unknown.contains("unknown key `nobody_knows`"), "{unknown}");
    }
}

#[test]
fn the_schema_refuses_what_it_does_not_know_and_explains_what_it_does() {
    let schema = schema();
    let definitions = schema["$defs"].as_object().expect("definitions");
    let objects = definitions
        .iter()
        .filter(|(_, one)| one["type"] == "object");
    for (name, one) in objects.chain([(&"the file".to_owned(), &schema)]) {
        assert_eq!(one["additionalProperties"], false, "{name}");
        for (key, property) in one["properties"].as_object().expect("properties") {
            let said = property["description"].is_string();
            assert!(said, "`{key}` of {name} has no description");
        }
    }
    insta::assert_json_snapshot!(schema.pointer("/$defs/Need"), @r##"
    {
      "additionalProperties": false,
      "description": "One need of a job.",
      "properties": {
        "job": {
          "default": null,
          "description": "The other job's name, as the file has it; not needed where the kind is `SEQUENTIAL`.",
          "type": [
            "string",
            "null"
          ]
        },
        "kind": {
          "$ref": "#/$defs/DependencyKind",
          "default": "WHOLE",
          "description": "What of it has to succeed: `WHOLE` all of it, `N_TO_N` the child of the same number, `SEQUENTIAL` the child before."
        }
      },
      "type": "object"
    }
    "##);
    insta::assert_json_snapshot!(schema.pointer("/$defs/Job/properties/needs"), @r##"
    {
      "anyOf": [
        {
          "anyOf": [
            {
              "type": "string"
            },
            {
              "$ref": "#/$defs/Need"
            },
            {
              "items": {
                "anyOf": [
                  {
                    "type": "string"
                  },
                  {
                    "$ref": "#/$defs/Need"
                  }
                ]
              },
              "type": "array"
            }
          ]
        },
        {
          "type": "null"
        }
      ],
      "description": "The jobs that have to succeed before: names, or `{ job = \"name\", kind = \"N_TO_N\" }`."
    }
    "##);
    insta::assert_json_snapshot!(schema.pointer("/$defs/Job/properties/inputs"), @r##"
    {
      "anyOf": [
        {
          "anyOf": [
            {
              "type": "string"
            },
            {
              "items": {
                "type": "string"
              },
              "type": "array"
            }
          ]
        },
        {
          "type": "null"
        }
      ],
      "default": null,
      "description": "What is read, one job for each: paths, globs, `s3://bucket/prefix/`, S3 globs, `https://` URLs."
    }
    "##);
}
