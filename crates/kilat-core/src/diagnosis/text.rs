//! The wording of findings, in English and in Indonesian.

use serde::{Deserialize, Serialize};

/// Language of texts for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Indonesian.
    Id,
}

impl Lang {
    /// `value` with `decimals` decimals, with the decimal sign of the language.
    ///
    /// ```
    /// # use kilat_core::diagnosis::Lang;
    /// assert_eq!(Lang::Id.number(231.25, 1), "231,2");
    /// ```
    pub fn number(self, value: f64, decimals: usize) -> String {
        let text = format!("{value:.decimals$}");
        match self {
            Self::En => text,
            Self::Id => text.replace('.', ","),
        }
    }
}

/// A finding in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Name of the cause.
    pub cause: String,
    /// What speaks for it.
    pub rules_for: Vec<String>,
    /// What speaks against it.
    pub rules_against: Vec<String>,
    /// What measurement would refute it.
    pub refuted_by: String,
    /// What to do.
    pub recommendation: String,
}

/// Something that a statement mentions.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A number with so many decimals.
    Number(f64, usize),
    /// A name, the same in all languages.
    Name(String),
    /// A word, in English and in Indonesian.
    Word(&'static str, &'static str),
}

/// What one rule sees, in both languages.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    rule: &'static str,
    /// Templates, with `{}` for each value.
    words: [&'static str; 2],
    values: Vec<Value>,
}

impl Statement {
    pub(super) fn new(rule: &'static str, en: &'static str, id: &'static str, values: Vec<Value>) -> Self {
        Self { rule, words: [en, id], values }
    }

    pub(super) fn render(&self, lang: Lang) -> String {
        let mut parts = self.words[lang as usize].split("{}");
        let mut out = format!("{}: {}", self.rule, parts.next().unwrap_or_default());
        for (value, part) in self.values.iter().zip(parts) {
            match value {
                Value::Number(v, decimals) => out += &lang.number(*v, *decimals),
                Value::Name(name) => out += name,
                Value::Word(en, id) => out += [en, id][lang as usize],
            }
            out += part;
        }
        out
    }
}
