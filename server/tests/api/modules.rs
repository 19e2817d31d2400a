//! The top-level modules of the larger crates use each other in one direction.
//!
//! A module that is used by what it uses can be neither understood nor tested by itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The modules that each module uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// Reads which modules of a crate use which, from the paths that begin with `crate::`. Unit tests are left out.
fn read_uses(src: &Path) -> Uses {
    let mut uses = Uses::new();
    for path in rust_files(src) {
        let first = path.strip_prefix(src).unwrap().iter().next().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        uses.entry(first.trim_end_matches(".rs").to_owned()).or_default().extend(used_modules(code));
    }
    let modules: BTreeSet<String> = uses.keys().filter(|name| *name != "lib").cloned().collect();
    uses.retain(|name, _| modules.contains(name));
    for (name, used) in &mut uses {
        used.retain(|other| other != name && modules.contains(other));
    }
    uses
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let files = paths.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    let is_code = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "rs")
            && !path.iter().any(|part| part == "tests")
    };
    files.filter(is_code).collect()
}

/// Returns the names that follow `crate::` in code, alone or in a group.
fn used_modules(code: &str) -> Vec<String> {
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<&str>>().join("\n");
    code.split("crate::").skip(1).flat_map(first_names).collect()
}

/// Returns the first name of a path, or the first name of each path in a group.
fn first_names(path: &str) -> Vec<String> {
    let mut paths = vec![String::new()];
    let mut depth = 0_usize;
    for char in path.chars() {
        match char {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 1 => paths.push(String::new()),
            _ => paths.last_mut().unwrap().push(char),
        }
        if depth == 0 && !is_of_name(char) {
            break;
        }
    }
    paths
        .iter()
        .map(|path| path.trim_start().chars().take_while(|char| is_of_name(*char)).collect())
        .collect()
}

fn is_of_name(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Returns the modules that are in circles, and those between two circles.
fn in_circles(mut modules: Uses) -> Uses {
    loop {
        let before = modules.len();
        // A module that no other uses, or that uses no other, is not part of a circle.
        let users: BTreeSet<String> = modules.keys().cloned().collect();
        let used: BTreeSet<String> = modules.values().flatten().cloned().collect();
        modules.retain(|name, others| used.contains(name) && !others.is_disjoint(&users));
        let rest: BTreeSet<String> = modules.keys().cloned().collect();
        for others in modules.values_mut() {
            others.retain(|other| rest.contains(other));
        }
        if modules.len() == before {
            return modules;
        }
    }
}

#[test]
fn modules_use_each_other_in_one_direction() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for src in ["app/src", "server/engine/src"] {
        let circles = in_circles(read_uses(&root.join(src)));
        let arrows = circles.iter().map(|(name, used)| format!("\n  {name} uses {used:?}"));
        assert!(
            circles.is_empty(),
            "{src} has modules that use each other in a circle. Move what both sides need into the lower module, \
             or into a module of its own:{}",
            arrows.collect::<String>()
        );
    }
}

#[test]
fn circle_is_found_with_the_modules_that_it_is_made_of() {
    let code = "use crate::{\n    a::{B, c::D},\n    e,\n};\n// crate::g\nfn f() -> crate::h::I {}";
    assert_eq!(
        used_modules(code),
        ["a", "e", "", "h"],
        "the comma after the last path is followed by no name"
    );
    let uses = [("a", "b"), ("b", "c"), ("c", "b"), ("d", "a")];
    let uses = uses.map(|(name, used)| (name.to_owned(), BTreeSet::from([used.to_owned()])));
    let circle: Vec<String> = in_circles(uses.into()).into_keys().collect();
    assert_eq!(circle, ["b", "c"]);
}
