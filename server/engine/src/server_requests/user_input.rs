//! Answers to the agent's questions.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::BadAnswer;

/// Replaces secret answers wherever the answers are shown.
const REDACTED: &str = "[secret]";

#[derive(Deserialize)]
struct Params {
    #[serde(default)]
    questions: Vec<Question>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
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

/// The ways to write the answer to one question.
#[derive(Deserialize)]
#[serde(untagged)]
enum AnswerShape {
    One(String),
    Many(Vec<String>),
    AsCodex { answers: Vec<String> },
}

/// Checks answers by the ids of their questions. Returns the result for codex, and the result with secret answers
/// redacted.
pub(super) fn answers(params: &Value, answers: &Value) -> Result<(Value, Value), BadAnswer> {
    let Params { questions } = Params::deserialize(params).map_err(|_| BadAnswer::NotUnderstood)?;
    let given: BTreeMap<String, AnswerShape> =
        BTreeMap::deserialize(answers).map_err(|_| BadAnswer::InvalidAnswers)?;
    if let Some(id) = given.keys().find(|id| questions.iter().all(|question| question.id != **id)) {
        return Err(BadAnswer::NoSuchQuestion(id.clone()));
    }
    let (mut result, mut redacted) = (Map::new(), Map::new());
    for question in &questions {
        let texts = match given.get(&question.id) {
            Some(AnswerShape::One(text)) => std::slice::from_ref(text),
            Some(AnswerShape::Many(texts) | AnswerShape::AsCodex { answers: texts }) => texts.as_slice(),
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
        result.insert(question.id.clone(), json!({ "answers": texts }));
        let secrets = vec![REDACTED; texts.len()];
        let texts = if question.is_secret { json!(secrets) } else { json!(texts) };
        redacted.insert(question.id.clone(), json!({ "answers": texts }));
    }
    Ok((json!({ "answers": result }), json!({ "answers": redacted })))
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
    fn answers_have_three_forms_and_secrets_are_redacted() {
        let written =
            json!({ "colour": "Blue", "name": ["Ada", "Lovelace"], "password": { "answers": ["hush"] } });
        let (result, redacted) = answers(&params(), &written).unwrap();
        assert_eq!(
            result,
            json!({ "answers": {
                "colour": { "answers": ["Blue"] },
                "name": { "answers": ["Ada", "Lovelace"] },
                "password": { "answers": ["hush"] },
            }})
        );
        assert!(!redacted.to_string().contains("hush"));
        assert_eq!(redacted["answers"]["colour"], result["answers"]["colour"]);
    }

    #[test]
    fn every_question_needs_an_answer_that_it_allows() {
        let with = |name: &str, value: Value| {
            let mut written = json!({ "colour": "Blue", "name": "Ada", "password": "x" });
            written[name] = value;
            answers(&params(), &written).unwrap_err()
        };
        assert_eq!(with("colour", json!("Red")), BadAnswer::NoSuchChoice("colour".into()));
        assert_eq!(with("name", json!("  ")), BadAnswer::Unanswered("name".into()));
        assert_eq!(with("name", json!([])), BadAnswer::Unanswered("name".into()));
        assert_eq!(with("age", json!("7")), BadAnswer::NoSuchQuestion("age".into()));
        assert_eq!(with("name", json!(7)), BadAnswer::InvalidAnswers);
        assert_eq!(answers(&params(), &json!({})).unwrap_err(), BadAnswer::Unanswered("colour".into()));
        assert_eq!(answers(&params(), &json!([])).unwrap_err(), BadAnswer::InvalidAnswers);
    }
}
