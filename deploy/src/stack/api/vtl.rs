//! Pieces of mapping templates, in the Velocity Template Language as API Gateway has it.
//!
//! A value comes from `$input.json(PATH)`, which is JSON already: quotes, backslashes, line breaks, `$` and `#` stay what they are, and
//! nothing evaluates them again. Of a path that leads nowhere it is `""`, as of an empty text, and both mean that nothing was given.

/// The JSON of a path that leads nowhere, as a literal of the language.
const NOTHING: &str = r#"'""'"#;

/// The value at a path, as JSON.
pub fn json(path: &str) -> String {
    format!("$input.json('$.{path}')")
}

/// Remembers the value at the first of these paths that leads to one.
pub fn find(paths: &[&str]) -> String {
    let first = set(&json(paths[0]));
    let others = paths[1..].iter().map(|path| or(&json(path)));
    first + &others.collect::<String>()
}

/// Remembers a value.
pub fn set(value: &str) -> String {
    format!("#set($value = {value})")
}

/// Remembers a value where the one before is none.
pub fn or(value: &str) -> String {
    format!("#if($value == {NOTHING}){}#end", set(value))
}

/// A text before the remembered value, where it is one.
pub fn if_found(before: &str) -> String {
    format!("#if($value != {NOTHING}){before}$value#end")
}

/// The value at a path with a text before it, where there is one.
pub fn given(path: &str, before: &str) -> String {
    find(&[path]) + &if_found(before)
}

/// One of two texts, by whether a path leads to a value.
pub fn either(path: &str, there: &str, not_there: &str) -> String {
    format!(
        "#if({} != {NOTHING}) {there} #else {not_there} #end",
        json(path)
    )
}

/// Answers with this status instead of that of the response.
pub fn status(code: u16) -> String {
    format!("#set($context.responseOverride.status = {code})")
}

/// The fields of an object below a path: those of the first list always, those of the second where they are given.
pub fn fields(below: &str, always: &[&str], sometimes: &[&str]) -> String {
    let always = always
        .iter()
        .map(|name| format!(r#""{name}":{}"#, json(&format!("{below}{name}"))));
    let always: Vec<String> = always.collect();
    let sometimes = sometimes
        .iter()
        .map(|name| given(&format!("{below}{name}"), &format!(r#","{name}":"#)));
    always.join(",") + &sometimes.collect::<String>()
}
