//! The flake and the computes speak of the same images. What the flake evaluates to is looked at by `make test-images`; here are its texts,
//! on machines without Nix too.

use std::collections::BTreeMap;
use std::fs;

use ffbatch_backends as _;
use ffbatch_dispatcher::registry::Families;
use ffbatch_tests::tools::repository;

/// The flavours of images by the files that describe them, with whether the flake offers them.
fn flavours() -> BTreeMap<String, bool> {
    let directory = repository().join("nix/images");
    let all = fs::read_to_string(repository().join("nix/default.nix")).expect("it is there");
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("it is there") {
        let path = entry.expect("it can be listed").path();
        let text = fs::read_to_string(&path).expect("it is text");
        let name = path.file_stem().expect("it has a name").to_string_lossy();
        if let Some((_, rest)) = text.split_once("\n  flavour = \"") {
            let flavour = rest.split('"').next().unwrap_or_default();
            assert_eq!(flavour, name, "`{}` names another flavour", path.display());
            let is_output = all.contains(&format!("image-{name} = image {name};"));
            found.insert(name.into_owned(), is_output);
        }
    }
    found
}

#[test]
fn every_compute_has_its_image() {
    let flavours = flavours();
    let families = Families::linked().expect("the computes are linked");
    let mut needed = 0;
    for family in families.iter() {
        let infra = (family.infra)();
        let batch = infra.batch.and_then(|batch| batch.image);
        let Some(image) = infra.image.or(batch) else {
            continue;
        };
        needed += 1;
        assert_eq!(
            flavours.get(&image),
            Some(&true),
            "`{}` needs the image `{image}`, which the flake does not offer: {flavours:?}",
            family.name
        );
    }
    assert!(needed > 3, "{needed}");
}

#[test]
fn what_may_not_be_handed_on_is_no_output() {
    assert_eq!(flavours().get("unfree"), Some(&false));
}

#[test]
fn the_flake_has_one_input() {
    let lock = fs::read_to_string(repository().join("flake.lock")).expect("it is there");
    let lock: serde_json::Value = serde_json::from_str(&lock).expect("JSON");
    let nodes = lock["nodes"].as_object().expect("an object");
    let names: Vec<&String> = nodes.keys().collect();
    assert_eq!(names, ["nixpkgs", "root"]);
    let flake = fs::read_to_string(repository().join("flake.nix")).expect("it is there");
    let branch = nodes["nixpkgs"]["original"]["ref"]
        .as_str()
        .expect("a branch");
    assert!(
        flake.contains(&format!("github:NixOS/nixpkgs/{branch}")),
        "{branch}"
    );
}
