-- Question: does every quarter add up to what was booked, to the cent, and how much went to no touch, and why?
-- Asked by: marketing finance, at every close.
-- Marts: reconciliation, dim_model.
-- Money is under the default model; unreconciled_lines counts the kinds under any model that do not add up: always 0.
SELECT
    r.fiscal_quarter,
    sum(CASE WHEN m.is_default THEN r.booked ELSE 0 END) AS booked,
    sum(CASE WHEN m.is_default THEN r.attributed ELSE 0 END) AS attributed,
    sum(CASE WHEN m.is_default THEN r.no_touch ELSE 0 END) AS no_touch,
    sum(CASE WHEN m.is_default THEN r.outside_lookback ELSE 0 END) AS outside_lookback,
    sum(CASE WHEN m.is_default THEN r.suppressed ELSE 0 END) AS suppressed,
    sum(CASE WHEN m.is_default THEN r.missing_anchor ELSE 0 END) AS missing_anchor,
    sum(CASE WHEN m.is_default THEN r.baseline ELSE 0 END) AS baseline,
    sum(CASE WHEN m.is_default THEN r.kind_not_attributed ELSE 0 END) AS kind_not_attributed,
    sum(CASE WHEN m.is_default THEN r.unmatched_credit ELSE 0 END) AS unmatched_credit,
    sum(CASE WHEN r.difference <> 0 THEN 1 ELSE 0 END) AS unreconciled_lines
FROM reconciliation r
JOIN dim_model m ON m.model = r.model
GROUP BY r.fiscal_quarter
ORDER BY r.fiscal_quarter
