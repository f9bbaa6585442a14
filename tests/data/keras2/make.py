"""Networks as Keras 2 writes them, made with it: pip install 'tensorflow-cpu==2.15.*', then run this here."""

import keras
from keras import layers

keras.utils.set_random_seed(1)
image = layers.Input((32, 32, 3))
features = layers.Conv2D(4, 3, activation="relu")(image)
features = layers.DepthwiseConv2D(3)(layers.BatchNormalization()(features))
features = layers.GlobalMaxPooling2D()(features)
who = layers.Dense(1, activation="sigmoid")(layers.Dense(8, activation="relu")(features))
where = layers.Dense(4, activation="sigmoid")(features)
tracker = keras.Model(image, [who, where])
tracker.compile("adam", "mse")
tracker.save("tracker.h5")
tracker.save("tracker.keras")
tracker.save("tracker_saved", save_format="tf")
keras.Model(image, [who, where / 2.0]).save("arithmetic.h5")

ends = [layers.Flatten(), layers.Dense(3, activation="softmax")]
keras.Sequential([layers.Conv2D(4, 3, activation="relu", input_shape=(32, 32, 3)), *ends]).save("sequential.h5")
keras.Sequential([layers.Input((32, 32, 3)), layers.Lambda(lambda x: x / 255.0), *ends]).save("lambda.h5")
