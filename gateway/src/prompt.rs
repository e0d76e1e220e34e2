//! From an API's messages to what a miner is asked.

use millrace_client::conversation::{self, BadConversation, Form, Message, Role};
use millrace_primitives::{Sampling, Workload};

use crate::{
	answer::Call,
	tools::{self, Tools},
};

/// How an input is to be used.
pub type Kind = fn(Sampling) -> Workload;

/// Why messages can't be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadMessages(String);

impl From<BadConversation> for BadMessages {
	fn from(error: BadConversation) -> Self {
		Self(error.to_string())
	}
}

/// Messages, oldest first.
#[derive(Debug, Default)]
pub struct Messages {
	said: Vec<Message>,
	/// The calls of the last message, each with what it returned.
	calls: Vec<(String, Option<String>)>,
}

impl Messages {
	/// Adds a message with the calls that are made in it. Several messages of the system at the beginning count as one.
	///
	/// # Errors
	///
	/// When a call before it has no result, or somebody else than the model calls.
	pub fn say(&mut self, role: Role, text: String, calls: &[Call]) -> Result<(), BadMessages> {
		self.return_all()?;
		if !calls.is_empty() && role != Role::Assistant {
			return Err(BadMessages(format!("a message of the role {} has tool_calls", role.name())));
		}
		let text = tools::said(&text, calls);
		self.calls = calls.iter().map(|call| (call.id.clone(), None)).collect();
		match self.said.last_mut() {
			Some(last) if said_by_system(last) && role == Role::System => join(&mut last.content, &text),
			_ => self.said.push(Message::new(role, text)),
		}
		Ok(())
	}

	/// Adds what a call returned: the one with this id, or the first without a result.
	///
	/// # Errors
	///
	/// When there is none, or it has returned before.
	pub fn result(&mut self, id: Option<&str>, text: String) -> Result<(), BadMessages> {
		let is_it = |call: &&mut (String, Option<String>)| call.1.is_none() && id.is_none_or(|id| call.0 == id);
		let Some((_, result)) = self.calls.iter_mut().find(is_it) else {
			let which = id.map(|id| format!(" with the tool_call_id {id}")).unwrap_or_default();
			return Err(BadMessages(format!(
				"a message of the role tool{which} returns no call of the message before it that has not returned yet"
			)));
		};
		*result = Some(text);
		Ok(())
	}

	/// Adds what the last message's calls returned, in their order.
	fn return_all(&mut self) -> Result<(), BadMessages> {
		let calls = std::mem::take(&mut self.calls);
		if calls.is_empty() {
			return Ok(());
		}
		let no_result =
			|id: String| BadMessages(format!("the call {id} has no message of the role tool with its result"));
		let results = calls.into_iter().map(|(id, result)| result.ok_or_else(|| no_result(id)));
		let results = results.collect::<Result<Vec<_>, _>>()?;
		self.said.push(Message::new(Role::User, tools::returned(&results)));
		Ok(())
	}

	/// What they ask for: one message of the user as it is; anything more, or an answer in a `form`, as a conversation.
	///
	/// # Errors
	///
	/// When the last message is neither the user's nor a result, or the system speaks later, or a call has no result.
	pub fn ask(mut self, tools: Option<&Tools>, form: Option<&Form>) -> Result<(Kind, String), BadMessages> {
		self.return_all()?;
		let mut said = self.said;
		if let Some(words) = tools.map(Tools::words) {
			match said.first_mut() {
				Some(first) if said_by_system(first) => join(&mut first.content, &words),
				_ => said.insert(0, Message::new(Role::System, words)),
			}
		}
		conversation::check(&said)?;
		if let ([message], None) = (said.as_mut_slice(), form) {
			return Ok((Workload::Chat, std::mem::take(&mut message.content)));
		}
		Ok((Workload::Conversation, String::from_utf8_lossy(&conversation::encode(&said, form)).into_owned()))
	}
}

fn join(text: &mut String, more: &str) {
	text.push_str("\n\n");
	text.push_str(more);
}

fn said_by_system(message: &Message) -> bool {
	message.role == Role::System
}

/// A role by the name that APIs have for it; `developer` is OpenAI's newer name of the system.
pub fn role(name: &str) -> Option<Role> {
	match name {
		"system" | "developer" => Some(Role::System),
		"user" => Some(Role::User),
		"assistant" => Some(Role::Assistant),
		_ => None,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn messages(said: &[(Role, &str)]) -> Messages {
		let mut messages = Messages::default();
		for (role, text) in said {
			messages.say(*role, (*text).into(), &[]).unwrap();
		}
		messages
	}

	fn asked(said: &[(Role, &str)]) -> Result<(&'static str, String), String> {
		let (kind, input) = messages(said).ask(None, None).map_err(|error| error.to_string())?;
		Ok((kind(Sampling::greedy(1)).name(), input))
	}

	fn call(id: &str) -> Call {
		Call { id: id.into(), name: "now".into(), arguments: "{}".into() }
	}

	#[test]
	fn one_message_of_the_user_should_be_asked_as_it_is() {
		assert_eq!(asked(&[(Role::User, "hi")]), Ok(("chat", "hi".into())));
	}

	#[test]
	fn one_message_should_be_asked_as_a_conversation_when_its_answer_has_a_form() {
		let (kind, input) = messages(&[(Role::User, "hi")]).ask(None, Some(&Form::Json)).unwrap();
		assert_eq!(kind(Sampling::greedy(1)).name(), "conversation");
		assert_eq!(input, r#"{"messages":[{"role":"user","content":"hi"}],"format":"json"}"#);
	}

	#[test]
	fn more_messages_should_be_asked_as_a_conversation() {
		let text = r#"[{"role":"system","content":"a\n\nb"},{"role":"user","content":"hi"}]"#;
		let said = [(Role::System, "a"), (Role::System, "b"), (Role::User, "hi")];
		assert_eq!(asked(&said), Ok(("conversation", text.into())));
	}

	#[test]
	fn messages_should_be_refused_when_the_user_does_not_come_last_or_the_system_comes_late() {
		let (user, assistant, system) = ((Role::User, "a"), (Role::Assistant, "b"), (Role::System, "c"));
		for said in [&[][..], &[system], &[user, assistant], &[user, system, user]] {
			assert!(asked(said).is_err(), "{said:?}");
		}
	}

	#[test]
	fn functions_should_be_told_in_the_systems_words() {
		let list = r#"[{"type":"function","function":{"name":"now"}}]"#;
		let tools = Tools::read(list, tools::Choice::Auto, true).unwrap().unwrap();
		for (said, first) in [
			(&[(Role::User, "hi")][..], "# Tools"),
			(&[(Role::System, "Be brief."), (Role::User, "hi")], "Be brief.\n\n# Tools"),
		] {
			let (_, input) = messages(said).ask(Some(&tools), None).unwrap();
			let told = conversation::parse(input.as_bytes()).unwrap().messages;
			assert_eq!((told.len(), told[0].role), (2, Role::System));
			assert!(told[0].content.starts_with(first), "{input}");
		}
	}

	#[test]
	fn results_should_be_told_in_the_order_of_their_calls() {
		let mut messages = messages(&[(Role::User, "hi")]);
		messages.say(Role::Assistant, String::new(), &[call("a"), call("b")]).unwrap();
		messages.result(Some("b"), "2".into()).unwrap();
		messages.result(Some("a"), "1".into()).unwrap();
		let (_, input) = messages.ask(None, None).unwrap();
		let told = conversation::parse(input.as_bytes()).unwrap().messages;
		assert_eq!(told[2], Message::new(Role::User, tools::returned(&["1".into(), "2".into()])));
	}

	#[test]
	fn results_should_be_refused_when_they_are_too_many_too_few_or_of_no_call() {
		let called = || {
			let mut messages = messages(&[(Role::User, "hi")]);
			messages.say(Role::Assistant, String::new(), &[call("a"), call("b")]).unwrap();
			messages.result(Some("b"), "2".into()).unwrap();
			messages
		};
		assert!(called().ask(None, None).unwrap_err().to_string().contains("the call a has no message"));
		assert!(called().say(Role::User, "well?".into(), &[]).is_err());
		assert!(called().result(Some("c"), "3".into()).is_err());
		assert!(called().result(Some("b"), "3".into()).is_err());
		let mut all = called();
		all.result(None, "1".into()).unwrap();
		assert!(all.result(None, "3".into()).is_err());
		all.say(Role::User, "well?".into(), &[]).unwrap();
		assert!(all.result(Some("a"), "1".into()).is_err());
		assert!(Messages::default().say(Role::User, "hi".into(), &[call("a")]).is_err());
	}
}
