//! State machines: every state that is named is there, and every state that is there is named. Step Functions refuses the first,
//! and takes the second, which is a state that nothing ever comes to.

use std::collections::BTreeSet;

use serde_json::Value;

/// What is wrong with the definition of a state machine, a sentence each.
pub fn problems(machine: &Value) -> Vec<String> {
    let mut found = Vec::new();
    level(&machine["Definition"], "", &mut found);
    found
}

/// One level of states; a map has another one within.
fn level(states: &Value, within: &str, found: &mut Vec<String>) {
    let Some(all) = states["States"].as_object() else {
        found.push(format!("{within} it has no states"));
        return;
    };
    let mut named = BTreeSet::from([states["StartAt"].as_str().unwrap_or_default()]);
    for (name, state) in all {
        let ends =
            state["End"] == true || matches!(state["Type"].as_str(), Some("Succeed" | "Fail"));
        let choices = state["Choices"].as_array().into_iter().flatten();
        let catches = state["Catch"].as_array().into_iter().flatten();
        let rules = choices.chain(catches).map(|rule| &rule["Next"]);
        let next: Vec<&str> = rules
            .chain([&state["Next"], &state["Default"]])
            .filter_map(Value::as_str)
            .collect();
        if next.is_empty() && !ends {
            found.push(format!("{within}`{name}` leads nowhere and does not end"));
        }
        named.extend(next);
        if state["Type"] == "Map" {
            let within = format!("{within}`{name}`: ");
            level(&state["ItemProcessor"], &within, found);
        }
    }
    for name in &named {
        if !all.contains_key(*name) {
            found.push(format!("{within}there is no state `{name}`"));
        }
    }
    let lost = all.keys().filter(|name| !named.contains(name.as_str()));
    found.extend(lost.map(|name| format!("{within}nothing leads to `{name}`")));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(definition: &Value, expected: &[&str]) {
        assert_eq!(problems(&json!({ "Definition": definition })), expected);
    }

    #[test]
    fn ways_through_a_machine() {
        let end = json!({ "Type": "Pass", "End": true });
        check(&json!({ "StartAt": "A", "States": { "A": end } }), &[]);
        let loose =
            json!({ "A": { "Type": "Pass", "Next": "X" }, "B": end, "C": { "Type": "Pass" } });
        check(
            &json!({ "StartAt": "A", "States": loose }),
            &[
                "`C` leads nowhere and does not end",
                "there is no state `X`",
                "nothing leads to `B`",
                "nothing leads to `C`",
            ],
        );
        let within = json!({ "StartAt": "B", "States": { "A": end } });
        let map = json!({ "Type": "Map", "ItemProcessor": within, "End": true });
        check(
            &json!({ "StartAt": "M", "States": { "M": map } }),
            &["`M`: there is no state `B`", "`M`: nothing leads to `A`"],
        );
    }
}
