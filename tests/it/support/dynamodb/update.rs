//! What an update makes of an item, and what a projection shows of it.

use serde_json::{Value, json};

use super::Item;
use super::condition::evaluate;
use super::syntax::{Changes, Operand, Path};
use super::value::{normalise, number};

/// Changes `new`, which is as `old` was: every operand is read from what stood before.
pub fn apply(changes: &Changes, old: &Item, new: &mut Item) -> Result<(), String> {
    for (path, operand) in &changes.set {
        let value = evaluate(operand, old).ok_or("an operand refers to an attribute that is not there")?.into_owned();
        let (name, parent) = parent(path, new)?;
        parent.insert(name.clone(), value);
    }
    for path in &changes.remove {
        let (name, parent) = parent(path, new)?;
        parent.remove(name);
    }
    for (path, operand) in &changes.add {
        let value = literal(operand)?;
        let sum = new.get(&path[0]).map_or_else(|| Ok(value.clone()), |old| add(old, value))?;
        new.insert(path[0].clone(), sum);
    }
    for (path, operand) in &changes.delete {
        delete(new, &path[0], literal(operand)?)?;
    }
    Ok(())
}

/// The item or map that holds what `path` leads to, and its name there.
fn parent<'a>(path: &'a Path, item: &'a mut Item) -> Result<(&'a String, &'a mut Item), String> {
    let (name, above) = path.split_last().ok_or("a path is empty")?;
    let map = above.iter().try_fold(item, |item, name| item.get_mut(name)?.get_mut("M")?.as_object_mut());
    map.map(|map| (name, map)).ok_or_else(|| "The document path provided is invalid for update".to_owned())
}

fn literal(operand: &Operand) -> Result<&Value, String> {
    match operand {
        Operand::Value(value) => Ok(value),
        _ => Err("ADD and DELETE take values".to_owned()),
    }
}

fn add(old: &Value, value: &Value) -> Result<Value, String> {
    if let (Some(old), Some(value)) = (old.get("N"), value.get("N")) {
        return Ok(json!({"N": (number(old) + number(value)).to_string()}));
    }
    let all: Vec<_> = members(old)?.iter().chain(members(value)?).collect();
    let mut sum = json!({"SS": all});
    normalise(&mut sum);
    Ok(sum)
}

/// Takes members from a set; with the last one it is gone.
fn delete(item: &mut Item, name: &str, value: &Value) -> Result<(), String> {
    let Some(old) = item.get(name) else { return Ok(()) };
    let gone = members(value)?;
    let rest: Vec<_> = members(old)?.iter().filter(|member| !gone.contains(member)).cloned().collect();
    if rest.is_empty() {
        item.remove(name);
    } else {
        item.insert(name.to_owned(), json!({"SS": rest}));
    }
    Ok(())
}

fn members(value: &Value) -> Result<&Vec<Value>, String> {
    value["SS"].as_array().ok_or_else(|| format!("{value} is no set of strings"))
}

/// Of `item`, what stands at `paths`, which lead to attributes.
pub fn project(paths: &[Path], item: &Item) -> Item {
    item.iter()
        .filter(|(name, _)| paths.iter().any(|path| path[0] == **name))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect()
}
