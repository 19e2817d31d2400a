//! Questions of the agent, and their answers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::BadAnswer;

/// What stands where a secret answer stood.
const STRUCK_OUT: &str = "[secret]";

#[derive(Deserialize)]
struct Params {
    #[serde(default)]
    questions: Vec<Asked>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    id: String,
    #[serde(default)]
    is_other: bool,
    #[serde(default)]
    is_secret: bool,
    #[serde(default)]
    options: Option<Vec<Choice>>,
}

#[derive(Deserialize)]
struct Choice {
    label: String,
}

/// What a client may write for one question.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Many(Vec<String>),
    AsCodex { answers: Vec<String> },
}

/// Reads answers by the questions' ids: what codex is told, and the same with the secret ones struck out.
pub(super) fn answers(params: &Value, answers: &Value) -> Result<(Value, Value), BadAnswer> {
    let Params { questions } = Params::deserialize(params).map_err(|_| BadAnswer::NotUnderstood)?;
    let written: BTreeMap<String, Written> =
        BTreeMap::deserialize(answers).map_err(|_| BadAnswer::Answers)?;
    if let Some(id) = written.keys().find(|id| questions.iter().all(|question| question.id != **id)) {
        return Err(BadAnswer::NoSuchQuestion(id.clone()));
    }
    let (mut told, mut shown) = (Map::new(), Map::new());
    for question in &questions {
        let texts = match written.get(&question.id) {
            Some(Written::One(text)) => std::slice::from_ref(text),
            Some(Written::Many(texts) | Written::AsCodex { answers: texts }) => texts.as_slice(),
            None => return Err(BadAnswer::Unanswered(question.id.clone())),
        };
        let choices = question.options.as_deref().unwrap_or_default();
        let is_choice = |text: &String| choices.iter().any(|choice| choice.label == *text);
        if !question.is_other && !choices.is_empty() && !texts.iter().all(is_choice) {
            return Err(BadAnswer::NoSuchChoice(question.id.clone()));
        }
        if texts.iter().all(|text| text.trim().is_empty()) {
            return Err(BadAnswer::Unanswered(question.id.clone()));
        }
        told.insert(question.id.clone(), json!({ "answers": texts }));
        let struck = vec![STRUCK_OUT; texts.len()];
        let texts = if question.is_secret { json!(struck) } else { json!(texts) };
        shown.insert(question.id.clone(), json!({ "answers": texts }));
    }
    Ok((json!({ "answers": told }), json!({ "answers": shown })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> Value {
        json!({ "questions": [
            { "id": "colour", "options": [{ "label": "Blue" }, { "label": "Green" }], "isOther": false },
            { "id": "name", "options": null, "isOther": true },
            { "id": "password", "isSecret": true },
        ]})
    }

    #[test]
    fn answers_may_be_written_in_three_ways_and_secrets_are_struck_out() {
        let written =
            json!({ "colour": "Blue", "name": ["Ada", "Lovelace"], "password": { "answers": ["hush"] } });
        let (told, shown) = answers(&params(), &written).unwrap();
        assert_eq!(
            told,
            json!({ "answers": {
                "colour": { "answers": ["Blue"] },
                "name": { "answers": ["Ada", "Lovelace"] },
                "password": { "answers": ["hush"] },
            }})
        );
        assert!(!shown.to_string().contains("hush"));
        assert_eq!(shown["answers"]["colour"], told["answers"]["colour"]);
    }

    #[test]
    fn every_question_has_an_answer_that_it_allows() {
        let with = |name: &str, value: Value| {
            let mut written = json!({ "colour": "Blue", "name": "Ada", "password": "x" });
            written[name] = value;
            answers(&params(), &written).unwrap_err()
        };
        assert_eq!(with("colour", json!("Red")), BadAnswer::NoSuchChoice("colour".into()));
        assert_eq!(with("name", json!("  ")), BadAnswer::Unanswered("name".into()));
        assert_eq!(with("name", json!([])), BadAnswer::Unanswered("name".into()));
        assert_eq!(with("age", json!("7")), BadAnswer::NoSuchQuestion("age".into()));
        assert_eq!(with("name", json!(7)), BadAnswer::Answers);
        assert_eq!(answers(&params(), &json!({})).unwrap_err(), BadAnswer::Unanswered("colour".into()));
        assert_eq!(answers(&params(), &json!([])).unwrap_err(), BadAnswer::Answers);
    }
}
