//! `POST /v1/jobs`.

use axum::{
	extract::State,
	http::{header::LOCATION, HeaderMap, HeaderName, StatusCode},
	response::{IntoResponse, Response},
	Json,
};
use millrace_client::{amount, JobRequest, Model};
use millrace_primitives::{AccountId32, Balance, BlockNumber, JobParams, Sampling, Workload};
use serde::Deserialize;
use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::view;
use crate::{
	access::Caller,
	answer::{NoAnswer, Order},
	desk::Begun,
	once::{name_of, reused},
	openai::{
		request::{check_input, thousandths},
		ApiError,
	},
	server::{Body, Gateway, Shared},
	store::{OverBudget, Stored},
};

/// Says that an answer is that of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A job to be posted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobBody {
	/// Name or number of a model of the chain.
	model: String,
	/// The input, 1 to 16384 bytes of UTF-8.
	input: String,
	/// `"chat"` unless told otherwise, `"generate"`, `"conversation"` or `"embed"`; or an object as the chain has it, such as `{"bench":
	/// {"size": 64, "rounds": 1}}`.
	workload: Option<Value>,
	/// Most tokens of the answer.
	max_tokens: Option<u32>,
	/// 0 to 2; 0 unless told otherwise.
	temperature: Option<f64>,
	/// Draw only from so many likeliest tokens; 0: from all.
	top_k: Option<u16>,
	/// Above 0, up to 1.
	top_p: Option<f64>,
	/// Most plancks that it may cost, as text; at most what the gateway allows.
	max_fee: Option<String>,
	/// Blocks of one attempt; at most what the gateway allows.
	timeout: Option<BlockNumber>,
	/// The address of the miner's owner that has to do it.
	miner: Option<String>,
}

impl JobBody {
	fn sampling(&self, model: &Model) -> Result<Sampling, ApiError> {
		Ok(Sampling {
			max_tokens: self.max_tokens.unwrap_or_else(|| model.default_max_tokens(self.input.len())),
			temperature_milli: thousandths(self.temperature.unwrap_or(0.0), 0.0, 2.0, "temperature")?,
			top_k: self.top_k.unwrap_or(0),
			top_p_milli: thousandths(self.top_p.unwrap_or(1.0), 0.001, 1.0, "top_p")?,
		})
	}

	fn workload(&self, model: &Model) -> Result<Workload, ApiError> {
		let refuse = |what: String| ApiError::bad_request(Some("workload"), what);
		match &self.workload {
			None => Ok(Workload::Chat(self.sampling(model)?)),
			Some(Value::String(name)) => match name.as_str() {
				"chat" => Ok(Workload::Chat(self.sampling(model)?)),
				"generate" => Ok(Workload::Generate(self.sampling(model)?)),
				"conversation" => Ok(Workload::Conversation(self.sampling(model)?)),
				"embed" => Ok(Workload::Embed),
				_ => Err(refuse(format!("there is no workload {name:?} without parameters"))),
			},
			Some(value) => serde_json::from_value(value.clone()).map_err(|error| refuse(format!("workload: {error}"))),
		}
	}

	fn max_fee(&self, most: Balance) -> Result<Balance, ApiError> {
		let Some(text) = &self.max_fee else { return Ok(most) };
		let refuse = |what: String| ApiError::bad_request(Some("max_fee"), what);
		let fee: Balance = text.parse().map_err(|_| refuse(format!("max_fee: {text:?} is no number of plancks")))?;
		if fee > most {
			return Err(refuse(format!("max_fee is {fee}; this gateway allows {most} plancks")));
		}
		Ok(fee)
	}

	fn order(&self, gateway: &Gateway, model: &Model) -> Result<Order, ApiError> {
		check_input("input", &self.input)?;
		let timeout = self.timeout.unwrap_or(gateway.limits.timeout);
		if timeout > gateway.limits.timeout {
			let message = format!("timeout is {timeout}; this gateway allows {} blocks", gateway.limits.timeout);
			return Err(ApiError::bad_request(Some("timeout"), message));
		}
		let miner = match &self.miner {
			Some(address) => Some(address.parse::<AccountId32>().map_err(|_| {
				ApiError::bad_request(Some("miner"), format!("miner: {address:?} is no address of an account"))
			})?),
			None => None,
		};
		let params = JobParams { workload: self.workload(model)?, timeout, max_rate: None };
		let max_fee = self.max_fee(gateway.limits.max_fee)?;
		let request = JobRequest { model: model.id, input: self.input.clone().into_bytes(), params, max_fee, miner };
		Ok(Order::new(model, request))
	}
}

fn poor(message: String, amounts: Value) -> Response {
	let error = ApiError::refused(StatusCode::PAYMENT_REQUIRED, "insufficient_funds", message);
	let mut body = error.body();
	body["error"]["amounts"] = amounts;
	error.with(body)
}

fn over_budget(over: &OverBudget) -> Response {
	let message = ApiError::from(NoAnswer::OverBudget(*over)).message;
	let amounts = json!({
		"needed": over.needed.to_string(),
		"budget": over.budget.to_string(),
		"spent": over.spent.to_string(),
		"reserved": over.reserved.to_string(),
	});
	poor(message, amounts)
}

/// Looks whether the chain would take the job, and whether the account can hold its fee and deposit.
async fn check(gateway: &Gateway, order: &Order) -> Result<Option<Response>, ApiError> {
	let JobRequest { model, params, max_fee, .. } = order.request;
	let at = gateway.client.at_best().await?;
	let length = u32::try_from(order.request.input.len()).unwrap_or(u32::MAX);
	let quote = at.quote(model, params, length).await?;
	if max_fee < quote.min_fee {
		let message = format!("max_fee is {max_fee}; the chain takes {} plancks or more", quote.min_fee);
		return Err(ApiError::bad_request(Some("max_fee"), message));
	}
	let money = at.balance(&gateway.desk.submitter().account_id()).await?;
	let kept = at.parameters().await?.existential_deposit.max(money.frozen);
	let (needed, free) = (max_fee.saturating_add(quote.deposit), money.free.saturating_sub(kept));
	if needed <= free {
		return Ok(None);
	}
	let message = format!(
		"the job needs {} for fee and deposit, and the gateway's account has {} free",
		amount::show(needed),
		amount::show(free)
	);
	Ok(Some(poor(message, json!({ "needed": needed.to_string(), "free": free.to_string() }))))
}

/// Posts a job, once for each `Idempotency-Key`, and returns when it is in a block.
#[utoipa::path(
	post,
	path = "/v1/jobs",
	tag = "Jobs",
	request_body = JobBody,
	params(("Idempotency-Key" = Option<String>, Header, description = "A name for the request: sent again, it posts nothing")),
	responses(
		(status = 201, description = "It is posted", body = Value),
		(status = 200, description = "It was posted by an earlier request of this name", body = Value),
		(status = 402, description = "The account or the key's budget does not reach; `amounts` says what is missing", body = Value),
		(status = 409, description = "Another request had this name", body = Value),
		(status = "default", description = "Why there is none", body = Value),
	),
)]
pub async fn create(
	State(gateway): State<Shared>,
	caller: Caller,
	headers: HeaderMap,
	Body(raw): Body<Value>,
) -> Result<Response, ApiError> {
	// Written anew, its keys are in order: how it was spelled does not count.
	let hash: [u8; 32] = Sha256::digest(raw.to_string()).into();
	let body: JobBody = serde_json::from_value(raw)
		.map_err(|error| ApiError::bad_request(None, format!("the body can't be understood: {error}")))?;
	let named = name_of(&headers)?.map(|name| (name, hash));
	if let Some(stored) = named.map(|named| gateway.store.known(caller.id(), named)).transpose()?.flatten() {
		return known(&gateway, stored);
	}
	let model = gateway.catalog.find(&body.model).await?.filter(|model| !model.retired);
	let model = model.ok_or_else(|| ApiError::unknown_model(&body.model))?;
	if !caller.may_use(&model.name) {
		return Err(ApiError::forbidden_model(&body.model));
	}
	let mut order = body.order(&gateway, &model)?;
	if let Some(poor) = check(&gateway, &order).await? {
		return Ok(poor);
	}
	gateway.access.allow(&caller, std::slice::from_mut(&mut order))?;
	let (seq, mut progress) = match gateway.desk.begin(&caller, named, order) {
		Ok(Begun::New(seq, progress)) => (seq, progress),
		Ok(Begun::Known(row)) => return known(&gateway, Stored::Known(row)),
		Ok(Begun::Other) => return known(&gateway, Stored::Other),
		Err(NoAnswer::OverBudget(over)) => return Ok(over_budget(&over)),
		Err(reason) => return Err(reason.into()),
	};
	let seen = progress.wait_for(|progress| progress.posted.is_some() || progress.end.is_some()).await;
	let failed = seen.ok().and_then(|seen| match &seen.end {
		Some(Err(reason)) if seen.posted.is_none() => Some(reason.clone()),
		_ => None,
	});
	if let Some(reason) = failed {
		return Err(reason.into());
	}
	let row = gateway.store.job_by_seq(seq)?.ok_or_else(|| ApiError::from(NoAnswer::Store("a job is gone".into())))?;
	let location = format!("/v1/jobs/{}", row.id);
	Ok((StatusCode::CREATED, [(LOCATION, location)], Json(view(&gateway, &row))).into_response())
}

fn known(gateway: &Gateway, stored: Stored) -> Result<Response, ApiError> {
	match stored {
		Stored::Known(row) => Ok(([(REPLAYED, "true")], Json(view(gateway, &row))).into_response()),
		_ => Err(reused()),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn body_should_be_refused_when_it_has_a_field_that_nobody_reads() {
		assert!(serde_json::from_value::<JobBody>(json!({ "model": "0", "input": "hi", "max_token": 5 })).is_err());
	}

	#[test]
	fn fee_should_be_plancks_within_the_gateways_limit() {
		let fee = |text: &str| {
			let body = json!({ "model": "0", "input": "hi", "max_fee": text });
			serde_json::from_value::<JobBody>(body).unwrap().max_fee(50).map_err(|error| error.param)
		};
		assert_eq!(fee("50"), Ok(50));
		for wrong in ["51", "-1", "0.5", "", "5 MILL"] {
			assert_eq!(fee(wrong), Err(Some("max_fee")), "{wrong}");
		}
	}
}
