"""/predict as a team with scikit-learn would write it: FastAPI, redis-py with hiredis, uvloop.

    fastapi-predict.py REDIS_URL MODEL_JSON

The model is {"names": [...], "weights": [...], "intercept": ...}. Prints its port on stdout. GET /cpu
answers the CPU seconds that the process has used.
"""

import asyncio
import json
import socket
import sys
import time

import numpy
import redis.asyncio
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sklearn.linear_model import LogisticRegression

redis_url, model_json = sys.argv[1:]
given = json.loads(model_json)
names = given["names"]

model = LogisticRegression()
model.classes_ = numpy.array([0, 1])
model.coef_ = numpy.array([given["weights"]])
model.intercept_ = numpy.array([given["intercept"]])

app = FastAPI()
connections = redis.asyncio.from_url(redis_url)


class PredictRequest(BaseModel):
    user_id: str


class Prediction(BaseModel):
    churn_probability: float
    model_version: str
    feature_time: str
    features: dict[str, float | int | bool]


@app.post("/predict")
async def predict(request: PredictRequest) -> Prediction:
    vector = json.loads(await connections.get(f"user_features:{request.user_id}"))
    features = vector["features"]
    row = numpy.array([[float(features[name]) for name in names]])
    return Prediction(
        churn_probability=model.predict_proba(row)[0, 1],
        model_version="v001",
        feature_time=vector["feature_time"],
        features=features,
    )


@app.get("/cpu")
async def cpu() -> float:
    return time.process_time()


async def main() -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", access_log=False, loop="uvloop", http="httptools")
    print(listener.getsockname()[1], flush=True)
    await uvicorn.Server(config).serve(sockets=[listener])


asyncio.run(main())
