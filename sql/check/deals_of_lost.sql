-- deals_of_lost: deal whose opportunity is lost, and its amount: it is booked all the same.
-- In: deals, opportunities (canonical).
SELECT d.deal_id AS id, d.amount
FROM deals d LEFT SEMI JOIN (SELECT opportunity_id FROM opportunities WHERE is_lost) o ON d.opportunity_id = o.opportunity_id
