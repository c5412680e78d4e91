//! A CloudFormation template: resources and outputs by their logical ids, and the few functions that join them.

use serde_json::{Map, Value, json};

/// The longest template that goes along in a request, in bytes; a longer one is read from S3 ("Understand CloudFormation quotas" in
/// the AWS CloudFormation User Guide).
pub const INLINE_BYTES: usize = 51_200;

/// A template.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    description: String,
    region: String,
    resources: Map<String, Value>,
    outputs: Map<String, Value>,
}

impl Template {
    /// An empty template for one Region.
    pub fn new(description: &str, region: &str) -> Self {
        Self {
            description: description.to_owned(),
            region: region.to_owned(),
            ..Self::default()
        }
    }

    /// Adds a resource and tells what refers to it.
    pub fn add(&mut self, id: &str, kind: &str, properties: Value) -> Value {
        self.add_with(id, kind, properties, json!({}))
    }

    /// The same, with further attributes such as `DependsOn`.
    pub fn add_with(&mut self, id: &str, kind: &str, properties: Value, more: Value) -> Value {
        let mut resource = Map::new();
        resource.insert("Type".to_owned(), json!(kind));
        resource.insert("Properties".to_owned(), properties);
        if let Value::Object(more) = more {
            resource.extend(more);
        }
        self.resources.insert(id.to_owned(), resource.into());
        reference(id)
    }

    /// Says why a resource does not keep a rule that templates are commonly checked by. The form is that of cdk-nag, which has the
    /// names that begin with `AwsSolutions-`; the others are those of the AWS Guard rules registry.
    pub fn except(&mut self, id: &str, rule: &str, reason: &str) {
        let exception = json!({ "id": rule, "reason": reason });
        let metadata = &mut self.resources[id]["Metadata"]["cdk_nag"]["rules_to_suppress"];
        match metadata {
            Value::Array(all) => all.push(exception),
            none => *none = json!([exception]),
        }
    }

    /// The template with these resources alone, and with the outputs that name one of them.
    #[must_use]
    pub fn only(&self, ids: &[&str]) -> Self {
        let mut some = self.clone();
        some.resources.retain(|id, _| ids.contains(&id.as_str()));
        some.outputs
            .retain(|_, output| ids.iter().any(|id| output["Value"] == reference(id)));
        some
    }

    /// Adds an output.
    pub fn output(&mut self, name: &str, description: &str, value: Value) {
        let mut output = json!({ "Description": description });
        output["Value"] = value;
        self.outputs.insert(name.to_owned(), output);
    }

    /// Resources by their logical ids.
    pub fn resources(&self) -> &Map<String, Value> {
        &self.resources
    }

    /// The resources of a kind, by their logical ids.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let all = self.resources.iter();
        all.filter(move |(_, resource)| resource["Type"] == kind)
            .map(|(id, resource)| (id.as_str(), &resource["Properties"]))
    }

    /// The text that is sent.
    pub fn compact(&self) -> String {
        self.to_json().to_string()
    }

    /// The whole template. It is refused in any Region but its own, since families of instances are chosen for that.
    pub fn to_json(&self) -> Value {
        json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": self.description,
            "Rules": {
                "Region": {
                    "Assertions": [{
                        "Assert": { "Fn::Equals": [region(), self.region] },
                        "AssertDescription": format!("this template is made for {}", self.region),
                    }],
                },
            },
            "Resources": self.resources,
            "Outputs": self.outputs,
        })
    }
}

/// The physical id of a resource.
pub fn reference(id: &str) -> Value {
    json!({ "Ref": id })
}

/// An attribute of a resource.
pub fn attribute(id: &str, name: &str) -> Value {
    json!({ "Fn::GetAtt": [id, name] })
}

/// A text with `${..}` replaced.
pub fn sub(text: &str) -> Value {
    json!({ "Fn::Sub": text })
}

/// The Region.
pub fn region() -> Value {
    reference("AWS::Region")
}

/// The name of a logical id that these words make: `fargate-arm` and `queue` make `FargateArmQueue`.
pub fn id(words: &[&str]) -> String {
    let parts = words.iter().flat_map(|word| word.split(['-', '_', '.']));
    let capital = |part: &str| {
        let mut chars = part.chars();
        chars.next().map_or_else(String::new, |first| {
            format!("{}{}", first.to_ascii_uppercase(), chars.as_str())
        })
    };
    parts.map(capital).collect()
}

/// What has another name in CloudFormation than its API's with a capital.
const RENAMED: [(&str, &str); 1] = [("s3filesVolumeConfiguration", "S3FilesVolumeConfiguration")];

/// What an API takes with names like `jobRoleArn`, as CloudFormation takes it: `JobRoleArn`. Below the names in `free` the keys are
/// the user's own.
pub fn capitals(value: &Value, free: &[&str]) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                let is_function = name.starts_with("Fn::") || name == "Ref";
                let value = if is_function || free.contains(&name.as_str()) {
                    value.clone()
                } else {
                    capitals(value, free)
                };
                let renamed = RENAMED.iter().find(|(api, _)| api == name);
                let name = match renamed {
                    Some((_, renamed)) => (*renamed).to_owned(),
                    None if is_function => name.clone(),
                    None => id(&[name]),
                };
                (name, value)
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(all) => all.iter().map(|one| capitals(one, free)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_an_api_become_those_of_cloudformation() {
        let asked = json!({
            "jobRoleArn": { "Fn::GetAtt": ["Role", "Arn"] },
            "parameters": { "input_url": "null" },
            "environment": [{ "name": "a-b", "value": { "Ref": "Bucket" } }],
            "s3filesVolumeConfiguration": { "fileSystemArn": "arn" },
        });
        let expected = json!({
            "JobRoleArn": { "Fn::GetAtt": ["Role", "Arn"] },
            "Parameters": { "input_url": "null" },
            "Environment": [{ "Name": "a-b", "Value": { "Ref": "Bucket" } }],
            "S3FilesVolumeConfiguration": { "FileSystemArn": "arn" },
        });
        assert_eq!(capitals(&asked, &["parameters"]), expected);
    }

    #[test]
    fn logical_ids() {
        assert_eq!(id(&["fargate-arm", "queue"]), "FargateArmQueue");
        assert_eq!(id(&["jobRoleArn"]), "JobRoleArn");
    }
}
