//! How a quote is shown, and why which miner would win.

use millrace_primitives::{AccountId32, Bid, Obstacle, Quote};
use serde_json::{json, Value};

use crate::{
	amount,
	show::{plancks, rate, rate_text},
};

/// A quote and the miners' bids.
pub fn quote(quote: &Quote, bids: &[Bid<AccountId32>]) -> Value {
	let prices = quote.prices.as_ref().map(|prices| {
		json!({
			"miners": prices.miners,
			"lowest": plancks(prices.lowest),
			"typical": plancks(prices.typical),
			"most": plancks(prices.most),
		})
	});
	json!({
		"deposit": plancks(quote.deposit),
		"min_fee": plancks(quote.min_fee),
		"prices": prices,
		"bids": bids.iter().map(bid).collect::<Vec<_>>(),
	})
}

fn bid(bid: &Bid<AccountId32>) -> Value {
	json!({
		"owner": bid.owner.to_string(),
		"operator": bid.operator.to_string(),
		"rate": rate(bid.rate),
		"slots": bid.slots,
		"free_slots": bid.free_slots,
		"reputation": bid.score.reputation,
		"free_stake": plancks(bid.score.free_stake),
		"cost": plancks(bid.score.cost),
		"score": bid.score.score,
		"obstacle": bid.obstacle.map(obstacle),
	})
}

fn obstacle(obstacle: Obstacle) -> &'static str {
	match obstacle {
		Obstacle::NotReady => "not_ready",
		Obstacle::NoFreeSlot => "no_free_slot",
		Obstacle::RateAboveLimit => "rate_above_limit",
		Obstacle::Other => "other",
	}
}

/// A quote and the miners' bids, for people.
pub fn quote_text(quote: &Quote, bids: &[Bid<AccountId32>]) -> String {
	let mut lines = match &quote.prices {
		Some(prices) => vec![
			format!("miners that could take it now: {}", prices.miners),
			format!("an answer of full length       {} (lowest)", amount::show(prices.lowest)),
			format!("                               {} (median)", amount::show(prices.typical)),
			format!("the most that any can charge   {}", amount::show(prices.most)),
		],
		None => vec!["no miner could take it now; it would wait".to_owned()],
	};
	lines.push(format!("least --max-fee                {}", amount::show(quote.min_fee)));
	lines.push(format!("deposit, given back            {}", amount::show(quote.deposit)));
	if !bids.is_empty() {
		lines.push(
			"a draw looks at some free slots; each counts with the chance score / best score; the cheapest that counts wins"
				.to_owned(),
		);
	}
	let all_free = bids.iter().map(|bid| bid.score.free_stake).fold(0, u128::saturating_add);
	lines.extend(bids.iter().map(|bid| bid_text(bid, all_free)));
	lines.join("\n")
}

/// `all_free` is the stake behind the free slots of all bids, in plancks.
fn bid_text(bid: &Bid<AccountId32>, all_free: u128) -> String {
	let place = match bid.obstacle {
		None => format!("{} of {} slots free", bid.free_slots, bid.slots),
		Some(Obstacle::NotReady) => "not ready".to_owned(),
		Some(Obstacle::NoFreeSlot) => "no slot free".to_owned(),
		Some(Obstacle::RateAboveLimit) => "too dear".to_owned(),
		Some(Obstacle::Other) => "can't take it now".to_owned(),
	};
	let score = &bid.score;
	format!(
		"  {}: {place}, {}\n    cost {}, free stake {} of {}, score {} = reputation {} + 100",
		bid.owner,
		rate_text(bid.rate),
		amount::show(score.cost),
		amount::show(score.free_stake),
		amount::show(all_free),
		score.score,
		score.reputation,
	)
}
