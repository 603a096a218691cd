//! Text into statements, and statements into rows or a refusal.

use crate::cli::money::grouped;
use crate::config::nearest;
use crate::engine::{session, words::words};
use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// A text cut at its semicolons.
pub(super) struct Statements {
    /// What ends with a semicolon, without it.
    pub(super) ended: Vec<String>,
    /// What follows the last one.
    pub(super) rest: String,
}

impl Statements {
    /// Cuts a text. Semicolons within quotes and comments do not count; of a text with an open quote or comment, all is
    /// rest.
    pub(super) fn of(text: &str) -> Self {
        let mut statements = Self { ended: Vec::new(), rest: String::new() };
        let Ok(tokens) = Tokenizer::new(&GenericDialect {}, text).with_unescape(false).tokenize() else {
            text.clone_into(&mut statements.rest);
            return statements;
        };
        let mut says_something = false;
        for token in tokens {
            match token {
                Token::SemiColon if says_something => {
                    statements.ended.push(std::mem::take(&mut statements.rest));
                    says_something = false;
                }
                Token::SemiColon => statements.rest.clear(),
                token => {
                    says_something |= !matches!(token, Token::Whitespace(_));
                    statements.rest.push_str(&token.to_string());
                }
            }
        }
        if !says_something {
            statements.rest.clear();
        }
        statements
    }

    /// Every statement, the last one with or without its semicolon.
    pub(super) fn all(self) -> Vec<String> {
        let rest = Some(self.rest).filter(|rest| !rest.is_empty());
        self.ended.into_iter().chain(rest).collect()
    }
}

/// The rows that statements ask for. All are understood before any is answered.
///
/// # Errors
/// What keeps one from being answered, with the nearest name where a name is unknown.
pub(super) async fn answers(ctx: &SessionContext, statements: &[String]) -> anyhow::Result<Vec<RecordBatch>> {
    let mut plans = Vec::with_capacity(statements.len());
    for sql in statements {
        plans.push(plan(ctx, sql).await?);
    }
    let mut answers = Vec::with_capacity(plans.len());
    for plan in plans {
        answers.push(session::collect(plan).await.map_err(|error| refusal(ctx, &error))?);
    }
    Ok(answers)
}

/// The engine walks sums and conditions by recursion, and in the square of their length.
const MOST_OPERATORS: usize = 2_000;

/// The plan of one SELECT.
async fn plan(ctx: &SessionContext, sql: &str) -> anyhow::Result<DataFrame> {
    let operators = operators(sql);
    if operators > MOST_OPERATORS {
        anyhow::bail!(
            "one SELECT has {operators} operators, and at most {} are understood; write lists of values as IN (…)",
            grouped(MOST_OPERATORS)
        );
    }
    session::read_only(ctx, sql).await.map_err(|error| refusal(ctx, &error))
}

/// How many operators stand between the terms of a statement.
fn operators(sql: &str) -> usize {
    use Token::{Div, Eq, Gt, GtEq, Lt, LtEq, Minus, Mod, Mul, Neq, Plus, StringConcat};
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().unwrap_or_default();
    let is_operator = |token: &&Token| match token {
        Token::Word(word) => matches!(word.keyword, Keyword::AND | Keyword::OR),
        token => matches!(token, Div | Eq | Gt | GtEq | Lt | LtEq | Minus | Mod | Mul | Neq | Plus | StringConcat),
    };
    tokens.iter().filter(is_operator).count()
}

/// The names of the tables that can be asked.
pub(super) fn tables(ctx: &SessionContext) -> Vec<String> {
    let schema = ctx.catalog("datafusion").and_then(|catalog| catalog.schema("public"));
    let mut tables = schema.map(|schema| schema.table_names()).unwrap_or_default();
    tables.sort();
    tables
}

/// The sentence about a table that is not there.
pub(super) fn unknown_table(ctx: &SessionContext, name: &str) -> String {
    let tables = tables(ctx);
    match nearest(name, tables.iter().map(String::as_str)) {
        Some(near) => format!("there is no table \"{name}\"; did you mean \"{near}\"?"),
        None => format!("there is no table \"{name}\"; the tables are {}", tables.join(", ")),
    }
}

fn refusal(ctx: &SessionContext, error: &DataFusionError) -> anyhow::Error {
    let said = words(error);
    if let Some(table) = said.strip_prefix("table '").and_then(|rest| rest.strip_suffix("' not found")) {
        return anyhow::anyhow!(unknown_table(ctx, table));
    }
    if said.starts_with("SHOW ") {
        return anyhow::anyhow!("query answers SELECTs; the tables are {}", tables(ctx).join(", "));
    }
    if ["DDL", "DML", "Statement"].iter().any(|what| said.starts_with(&format!("{what} not supported"))) {
        return anyhow::anyhow!("{said}: query only reads; give one SELECT");
    }
    anyhow::anyhow!("{said}; correct the SQL")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> (Vec<String>, String) {
        let statements = Statements::of(text);
        (statements.ended, statements.rest)
    }

    #[test]
    fn semicolons_end_statements_where_they_are_not_quoted() {
        assert_eq!(cut("SELECT 1;"), (vec!["SELECT 1".into()], String::new()));
        assert_eq!(cut("SELECT 1;\n SELECT"), (vec!["SELECT 1".into()], "\n SELECT".into()));
        assert_eq!(cut("SELECT 'it''s; so';"), (vec!["SELECT 'it''s; so'".into()], String::new()));
        assert_eq!(cut("SELECT \"a;b\" -- c;\n"), (vec![], "SELECT \"a;b\" -- c;\n".into()));
        assert_eq!(cut("SELECT 1 /* ; */;;\n;"), (vec!["SELECT 1 /* ; */".into()], String::new()));
        assert_eq!(cut("SELECT 'open;"), (vec![], "SELECT 'open;".into()));
        assert_eq!(cut(" -- nothing\n"), (vec![], String::new()));
    }

    #[test]
    fn the_last_statement_needs_no_semicolon() {
        assert_eq!(Statements::of("SELECT 1; SELECT 2\n").all(), ["SELECT 1", " SELECT 2\n"]);
        assert!(Statements::of(" \n").all().is_empty());
    }
}
