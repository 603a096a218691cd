-- Question: of the revenue that closed in a quarter, how much was earned by touches of the same quarter, how much earlier?
-- Asked by: marketing finance, to explain why revenue by close date and by touch date differ.
-- Marts: basis_bridge, dim_model.
-- Under the default model. The parts sum to booked revenue; a later quarter is among the earlier ones only where money was given back
-- on a date before its deal.
SELECT
    b.close_quarter,
    sum(CASE WHEN b.touch_quarter = b.close_quarter THEN b.amount ELSE 0 END) AS same_quarter,
    sum(CASE WHEN b.touch_quarter <> b.close_quarter THEN b.amount ELSE 0 END) AS earlier_quarters,
    sum(CASE WHEN b.touch_quarter IS NULL THEN b.amount ELSE 0 END) AS no_touch_credited,
    sum(b.amount) AS booked
FROM basis_bridge b
JOIN dim_model m ON m.model = b.model
WHERE m.is_default
GROUP BY b.close_quarter
ORDER BY b.close_quarter
