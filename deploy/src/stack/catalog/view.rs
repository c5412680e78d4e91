//! A view, as Amazon Athena keeps them in the AWS Glue Data Catalog: its SQL and the types of its columns in a comment, in Base64
//! (`prestoView` of Trino's Hive connector; Athena writes the same).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::tables::columns;

/// A view.
pub struct View {
    /// Its name behind the prefix.
    pub name: &'static str,
    pub description: &'static str,
    /// Its SQL, with `{name}` for the prefix of databases and tables.
    pub sql: &'static str,
    /// Its columns in their order. The types have to be exactly those of the query, or Athena calls the view stale.
    pub columns: &'static [(&'static str, Type)],
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Bigint,
    Boolean,
    Double,
    Timestamp,
    Varchar,
}

impl Type {
    /// What Hive calls it.
    const fn hive(self) -> &'static str {
        match self {
            Self::Bigint => "bigint",
            Self::Boolean => "boolean",
            Self::Double => "double",
            Self::Timestamp => "timestamp",
            Self::Varchar => "string",
        }
    }

    /// What Trino calls it.
    const fn trino(self) -> &'static str {
        match self {
            Self::Bigint => "bigint",
            Self::Boolean => "boolean",
            Self::Double => "double",
            Self::Timestamp => "timestamp(3)",
            Self::Varchar => "varchar",
        }
    }
}

impl View {
    /// What AWS Glue is told of it.
    pub fn input(&self, database: &str) -> Value {
        let all = self.columns.iter();
        let trino: Vec<Value> = all
            .map(|(name, kind)| json!({ "name": name, "type": kind.trino() }))
            .collect();
        let view = json!({
            "originalSql": self.sql.replace("{name}", database),
            "catalog": "awsdatacatalog",
            "schema": database,
            "columns": trino,
        });
        let encoded = STANDARD.encode(view.to_string());
        let hive: Vec<(&str, &str)> = self
            .columns
            .iter()
            .map(|(name, kind)| (*name, kind.hive()))
            .collect();
        json!({
            "Name": format!("{database}_{}", self.name),
            "Description": self.description,
            "TableType": "VIRTUAL_VIEW",
            "Parameters": { "presto_view": "true", "comment": "Presto View" },
            "ViewOriginalText": format!("/* Presto View: {encoded} */"),
            "ViewExpandedText": "/* Presto View */",
            "StorageDescriptor": { "Columns": columns(&hive), "SerdeInfo": {} },
        })
    }
}
