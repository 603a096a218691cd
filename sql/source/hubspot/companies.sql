-- HubSpot companies.
SELECT
    "Record ID" AS account_id,
    "Company name" AS name,
    "Industry" AS industry,
    "Country/Region" AS region,
    "Number of Employees" AS employees,
    "Company owner" AS owner
FROM raw
