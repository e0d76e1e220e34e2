//! `GET /v1/match`: which miners could take a job, and why which of them would.

use axum::{extract::State, http::Uri, Json};
use millrace_primitives::{AccountId32, Bid, JobParams, ModelKind, Obstacle, Sampling, Workload};
use serde_json::{json, Value};

use crate::{
	access::Caller,
	channels::Standings,
	desk::rate_json,
	openai::ApiError,
	server::{number, query, Shared},
};

/// Bytes and tokens unless told otherwise.
const DEFAULT: u32 = 256;

/// Explains the draw for a job of a chat or, for an embedding model, of an embedding.
#[utoipa::path(
	get,
	path = "/v1/match",
	tag = "Jobs",
	params(
		("model" = String, Query, description = "Name or number of a model of the chain"),
		("max_tokens" = Option<u32>, Query, description = "Most tokens of the answer; 256 unless told otherwise"),
		("input_bytes" = Option<u32>, Query, description = "1 to 16384; 256 unless told otherwise"),
	),
	responses(
		(status = 200, description = "What it would cost, and each miner's offer", body = Value),
		(status = "default", description = "Why it can't be told", body = Value),
	),
)]
pub async fn explain(State(gateway): State<Shared>, caller: Caller, uri: Uri) -> Result<Json<Value>, ApiError> {
	let query = query(&uri);
	let missing = || ApiError::bad_request(Some("model"), "model is missing: name one of GET /v1/models");
	let model = gateway.model(&caller, query.get("model").ok_or_else(missing)?).await?;
	let max_tokens = number(&query, "max_tokens")?;
	let workload = match model.kind {
		ModelKind::Embedding => Workload::Embed,
		_ => Workload::Chat(Sampling::greedy(max_tokens.unwrap_or(DEFAULT.min(model.context_length)))),
	};
	let params = JobParams { workload, timeout: gateway.limits.timeout, max_rate: None };
	let length = number(&query, "input_bytes")?.unwrap_or(DEFAULT);
	let at = gateway.client.at_best().await?;
	let quote = at.quote(model.id, params, length).await?;
	let bids = at.bids(model.id, params, length).await?;
	let stake = bids.iter().fold(0u128, |sum, bid| sum.saturating_add(bid.score.free_stake));
	let best = bids.iter().filter(|bid| bid.obstacle.is_none()).map(|bid| bid.score.score).max().unwrap_or(1);
	Ok(Json(json!({
		"model": model.name,
		"rule": "The chain looks at some free slots, each as likely as any other by the stake behind it; a look counts with \
			the chance score / best score; of those that count the cheapest wins. Those that could take it are first, the cheapest at the head.",
		"deposit": quote.deposit.to_string(),
		"min_fee": quote.min_fee.to_string(),
		"max_fee": gateway.limits.max_fee.to_string(),
		"prices": quote.prices.map(|prices| json!({
			"miners": prices.miners,
			"lowest": prices.lowest.to_string(),
			"typical": prices.typical.to_string(),
			"most": prices.most.to_string(),
		})),
		"miners": bids.iter().map(|bid| entry(bid, stake, best, gateway.standings.as_deref())).collect::<Vec<_>>(),
	})))
}

fn entry(bid: &Bid<AccountId32>, stake: u128, best: u32, standings: Option<&Standings>) -> Value {
	let obstacle = bid.obstacle.map(|obstacle| match obstacle {
		Obstacle::NotReady => "it takes no new jobs",
		Obstacle::NoFreeSlot => "all its slots for this model are in use",
		Obstacle::RateAboveLimit => "its rate is above the limit",
		Obstacle::Other => "another rule of the draw",
	});
	let share = |part: u128, whole: u128| part.saturating_mul(1_000).checked_div(whole).unwrap_or_default();
	json!({
		"miner": bid.owner.to_string(),
		"rate": rate_json(bid.rate),
		"slots": bid.slots,
		"free_slots": bid.free_slots,
		"reputation": bid.score.reputation,
		"cost": bid.score.cost.to_string(),
		"free_stake": bid.score.free_stake.to_string(),
		// Thousandths.
		"looked_at_permille": share(bid.score.free_stake, stake),
		"counts_permille": share(bid.score.score.into(), best.max(1).into()).min(1_000),
		"obstacle": obstacle,
		// In channels.
		"first_piece_ms": standings.and_then(|standings| standings.first_piece_ms(&bid.owner)),
		"avoided": standings.is_some_and(|standings| standings.is_avoided(&bid.owner)),
	})
}
