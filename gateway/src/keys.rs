//! `millrace-gateway key`.

use anyhow::bail;
use millrace_client::amount;
use serde_json::{json, Value};

use crate::{
	config::{KeyCommand, NewKeyFlags},
	store::{KeyRow, NewKey, Store},
};

/// Makes, lists or revokes keys.
///
/// # Errors
///
/// The records can't be used, or there is no such key.
pub fn run(command: KeyCommand) -> anyhow::Result<()> {
	match command {
		KeyCommand::New(flags) => new(flags),
		KeyCommand::List(at) => {
			let keys = Store::open(&at.database)?.list_keys()?;
			if at.json {
				println!("{}", json!({ "keys": keys.iter().map(row).collect::<Vec<_>>() }));
			} else {
				keys.iter().for_each(|key| println!("{}", line(key)));
			}
			Ok(())
		}
		KeyCommand::Revoke { id, database } => {
			if !Store::open(&database.database)?.revoke_key(&id)? {
				bail!("there is no key {id} in use; `millrace gateway key list` shows them");
			}
			if database.json {
				println!("{}", json!({ "revoked": id }));
			} else {
				println!("{id} is revoked");
			}
			Ok(())
		}
	}
}

fn new(flags: NewKeyFlags) -> anyhow::Result<()> {
	let NewKeyFlags { name, models, scopes, budget, per_minute, tokens_per_minute, database: at } = flags;
	let some = |list: Vec<_>| (!list.is_empty()).then_some(list);
	let scopes = (!scopes.is_empty()).then_some(scopes);
	let budget = budget.map(|budget| budget.0);
	let new = NewKey { name, models: some(models), scopes, budget, per_minute, tokens_per_minute };
	let (id, secret) = Store::open(&at.database)?.new_key(&new)?;
	if at.json {
		println!("{}", json!({ "id": id, "key": secret }));
	} else {
		println!("{secret}");
		eprintln!("This is the only time that it is shown. Its public name is {id}.");
	}
	Ok(())
}

fn row(row: &KeyRow) -> Value {
	json!({
		"id": row.key.id,
		"name": row.name,
		"models": row.key.models,
		"scopes": row.key.scopes,
		"budget": row.key.budget.map(|budget| budget.to_string()),
		"spent": row.spent.to_string(),
		"per_minute": row.key.per_minute,
		"tokens_per_minute": row.key.tokens_per_minute,
		"created": row.created,
		"revoked": row.revoked,
	})
}

fn line(row: &KeyRow) -> String {
	let mut words = vec![row.key.id.clone()];
	if !row.name.is_empty() {
		words.push(format!("{:?}", row.name));
	}
	if row.revoked.is_some() {
		words.push("revoked".into());
	}
	words.push(match row.key.budget {
		Some(budget) => format!("{} of {} spent this month", amount::show(row.spent), amount::show(budget)),
		None => format!("{} spent this month", amount::show(row.spent)),
	});
	words.extend(row.key.per_minute.map(|limit| format!("{limit} requests a minute")));
	words.extend(row.key.tokens_per_minute.map(|limit| format!("{limit} tokens a minute")));
	words.extend(row.key.models.as_ref().map(|models| format!("models {}", models.join(" "))));
	words.extend(row.key.scopes.as_ref().map(|scopes| {
		let names: Vec<_> = scopes.iter().map(|scope| scope.name()).collect();
		format!("for {}", names.join(" "))
	}));
	words.join(", ")
}
