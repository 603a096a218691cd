-- deals_without_wins: deal whose opportunity is not won, and its amount: it is booked.
-- In: deals, opportunities (canonical).
SELECT d.deal_id AS id, d.amount
FROM deals d LEFT ANTI JOIN (SELECT opportunity_id FROM opportunities WHERE is_won) o ON d.opportunity_id = o.opportunity_id
