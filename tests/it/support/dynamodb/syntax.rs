//! The grammar of expressions, as far as the gateway uses it: anything else is refused, so that it cannot be used
//! without being modelled.

use serde_json::Value;

/// A path into an item: the names of an attribute and of members below it.
pub type Path = Vec<String>;

pub enum Condition {
    Any(Vec<Self>),
    All(Vec<Self>),
    Exists(Path),
    Missing(Path),
    Compare(Operand, String, Operand),
}

pub enum Operand {
    Path(Path),
    Value(Value),
    Size(Path),
    IfNotExists(Path, Box<Self>),
}

/// What an update expression changes.
#[derive(Default)]
pub struct Changes {
    pub set: Vec<(Path, Operand)>,
    pub remove: Vec<Path>,
    pub add: Vec<(Path, Operand)>,
    pub delete: Vec<(Path, Operand)>,
}

impl Condition {
    /// What the attribute `name` must equal, if that is part of the condition.
    pub fn equals(&self, name: &str) -> Option<&str> {
        match self {
            Self::All(conditions) => conditions.iter().find_map(|condition| condition.equals(name)),
            Self::Compare(Operand::Path(path), operator, Operand::Value(value)) if operator == "=" => {
                (path[..] == [name]).then_some(value["S"].as_str()?)
            }
            _ => None,
        }
    }
}

/// Words, among them placeholders, operators, and single characters between them.
pub fn tokens(expression: &str) -> Vec<&str> {
    let is_of_word = |c: char| c.is_alphanumeric() || "_#:".contains(c);
    let is_of_operator = |c: char| "<>=".contains(c);
    let mut tokens = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            _ if is_of_word(first) => rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()),
            _ if is_of_operator(first) => rest.find(|c| !is_of_operator(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        tokens.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    tokens
}

/// Reads an expression of `request`, which says what its placeholders stand for.
pub struct Reader<'a> {
    tokens: Vec<&'a str>,
    at: usize,
    request: &'a Value,
}

type Read<T> = Result<T, String>;

impl<'a> Reader<'a> {
    pub fn new(expression: &'a str, request: &'a Value) -> Self {
        Self { tokens: tokens(expression), at: 0, request }
    }

    pub fn condition(mut self) -> Read<Condition> {
        let condition = self.any()?;
        self.end(condition)
    }

    pub fn paths(mut self) -> Read<Vec<Path>> {
        let paths = self.list(Self::path)?;
        self.end(paths)
    }

    pub fn update(mut self) -> Read<Changes> {
        let mut changes = Changes::default();
        let mut actions = Vec::new();
        while let Some(action) = self.peek() {
            if actions.contains(&action) {
                return Err(format!("{action} comes twice"));
            }
            actions.push(action);
            self.at += 1;
            match action {
                "SET" => changes.set = self.list(Self::assignment)?,
                "REMOVE" => changes.remove = self.list(Self::path)?,
                "ADD" => changes.add = self.list(Self::members)?,
                "DELETE" => changes.delete = self.list(Self::members)?,
                _ => return Err(format!("{action} is no action")),
            }
        }
        self.end(changes)
    }

    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> &'a str {
        self.at += 1;
        self.tokens.get(self.at - 1).copied().unwrap_or("the end")
    }

    fn takes(&mut self, token: &str) -> bool {
        let is_next = self.peek() == Some(token);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, token: &str) -> Read<()> {
        if self.takes(token) { Ok(()) } else { Err(format!("{token} is missing before {}", self.next())) }
    }

    fn end<T>(&mut self, read: T) -> Read<T> {
        match self.peek() {
            None => Ok(read),
            Some(token) => Err(format!("{token} is too much")),
        }
    }

    fn list<T>(&mut self, one: impl Fn(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let mut all = vec![one(self)?];
        while self.takes(",") {
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn any(&mut self) -> Read<Condition> {
        let mut conditions = vec![self.all()?];
        while self.takes("OR") {
            conditions.push(self.all()?);
        }
        Ok(single(Condition::Any(conditions)))
    }

    fn all(&mut self) -> Read<Condition> {
        let mut conditions = vec![self.one()?];
        while self.takes("AND") {
            conditions.push(self.one()?);
        }
        Ok(single(Condition::All(conditions)))
    }

    fn one(&mut self) -> Read<Condition> {
        if self.takes("(") {
            let inner = self.any()?;
            return self.expect(")").map(|()| inner);
        }
        if self.takes("attribute_exists") {
            return self.argument().map(Condition::Exists);
        }
        if self.takes("attribute_not_exists") {
            return self.argument().map(Condition::Missing);
        }
        let left = self.operand()?;
        let operator = self.next();
        if !["=", "<>", "<", "<=", ">", ">="].contains(&operator) {
            return Err(format!("{operator} compares nothing"));
        }
        Ok(Condition::Compare(left, operator.to_owned(), self.operand()?))
    }

    fn operand(&mut self) -> Read<Operand> {
        if self.takes("size") {
            return self.argument().map(Operand::Size);
        }
        if self.takes("if_not_exists") {
            self.expect("(")?;
            let path = self.path()?;
            self.expect(",")?;
            let otherwise = Box::new(self.operand()?);
            return self.expect(")").map(|()| Operand::IfNotExists(path, otherwise));
        }
        if self.peek().is_some_and(|token| token.starts_with(':')) {
            return Ok(Operand::Value(self.request["ExpressionAttributeValues"][self.next()].clone()));
        }
        self.path().map(Operand::Path)
    }

    fn argument(&mut self) -> Read<Path> {
        self.expect("(")?;
        let path = self.path()?;
        self.expect(")").map(|()| path)
    }

    fn assignment(&mut self) -> Read<(Path, Operand)> {
        let path = self.path()?;
        self.expect("=")?;
        Ok((path, self.operand()?))
    }

    fn members(&mut self) -> Read<(Path, Operand)> {
        Ok((self.path()?, self.operand()?))
    }

    /// Only placeholders name attributes: many of their names are reserved words.
    fn path(&mut self) -> Read<Path> {
        let mut path = Vec::new();
        loop {
            let token = self.next();
            if !token.starts_with('#') {
                return Err(format!("{token} may be a reserved word"));
            }
            path.push(self.request["ExpressionAttributeNames"][token].as_str().unwrap_or(token).to_owned());
            if !self.takes(".") {
                return Ok(path);
            }
        }
    }
}

/// A condition of one part is that part.
fn single(condition: Condition) -> Condition {
    match condition {
        Condition::Any(mut parts) | Condition::All(mut parts) if parts.len() == 1 => parts.remove(0),
        condition => condition,
    }
}
