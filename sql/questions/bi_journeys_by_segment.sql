-- Question: how many touches and days does a deal take, by customer segment?
-- Asked by: BI, for the sales-cycle dashboard.
-- Marts: journeys, dim_account.
-- Only deals with an eligible touch have a length; given-back money is no deal.
SELECT
    coalesce(a.segment, 'unknown') AS segment,
    count(*) AS deals,
    sum(CASE WHEN j.touches > 0 THEN 1 ELSE 0 END) AS touched_deals,
    sum(j.amount) AS booked,
    avg(CASE WHEN j.touches > 0 THEN CAST(j.touches AS DOUBLE) END) AS touches_per_deal,
    avg(CASE WHEN j.touches > 0 THEN j.span_days END) AS days_per_deal
FROM journeys j
LEFT JOIN dim_account a ON a.account_id = j.account_id
WHERE j.kind <> 'credit'
GROUP BY coalesce(a.segment, 'unknown')
ORDER BY segment
